"""HTTP server in a thread, with faulty responses."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Web:
    """Pages, targets of redirects and reasons of rejections, by path."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.pages: dict[str, bytes] = {}
        self.redirects: dict[str, str] = {}
        self.reasons: dict[str, str] = {}
        self.closing = threading.Event()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._port}{path}"


@contextlib.contextmanager
def serve() -> Iterator[Web]:
    """Serve on a free port; ``/silent``, ``/trickle`` and ``/cut`` never send a whole response.

    ``/odd`` sends what is no HTTP.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self._respond()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name
            pass

        def _respond(self) -> None:
            if self.path == "/silent":
                web.closing.wait(30)
            elif self.path == "/trickle":
                self.send_response(200)
                self.end_headers()
                while not web.closing.wait(0.02):
                    self.wfile.write(b"#")
            elif self.path == "/cut":
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(b"scripts: []")
            elif self.path == "/odd":
                self.wfile.write(b"ftp://me:sesame@h/x\r\n")
            elif self.path in web.redirects:
                self.send_response(302)
                self.send_header("Location", web.redirects[self.path])
                self.end_headers()
            elif (page := web.pages.get(self.path.partition("?")[0])) is not None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(page)
            else:
                self.send_error(404, web.reasons.get(self.path))

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        web = Web(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield web
        finally:
            web.closing.set()
            server.shutdown()
            thread.join()

"""Receiver of spans in OpenTelemetry's protocol over HTTP, and the settings that send them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ReceivedSpan:
    """A span, and the device or process that sent it."""

    source: str
    name: str
    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    attributes: dict[str, Any]


class Receiver:
    """The spans that were received; see ``receiving``."""

    def __init__(self, port: int) -> None:
        self._endpoint = f"http://{HOST}:{port}/v1/traces"
        self._received: list[ReceivedSpan] = []

    @property
    def settings(self) -> dict[str, str]:
        """Environment variables of a server that sends its spans here."""
        return {
            "TANGO_TELEMETRY_ENABLE": "on",
            "TANGO_TELEMETRY_TYPES": "tracing",
            "TANGO_TELEMETRY_TRACING_EXPORTERS": "http",
            "TANGO_TELEMETRY_TRACING_ENDPOINTS": self._endpoint,
            # Otherwise spans are sent every few seconds.
            "PYTANGO_TELEMETRY_SPAN_PROCESSOR_TYPE": "simple",
        }

    def spans(self, name: str) -> list[ReceivedSpan]:
        """Return the spans with a name, in the order of their arrival."""
        return [span for span in list(self._received) if span.name == name]

    def take(self, body: bytes) -> None:
        """Add the spans of a request."""
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            source = _attributes(resource.resource.attributes).get("service.instance.id", "")
            for scope in resource.scope_spans:
                for span in scope.spans:
                    self._received.append(
                        ReceivedSpan(
                            source,
                            span.name,
                            span.trace_id,
                            span.span_id,
                            span.parent_span_id,
                            _attributes(span.attributes),
                        )
                    )


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Receive spans on a free port until the end of the context."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        receiver = Receiver(server.server_port)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()

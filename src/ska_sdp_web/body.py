"""Bodies of requests, of a bounded size."""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request

__all__ = ["read_body"]

TIMEOUT_S = 10.0
"""Time in which a body has to be received, in seconds."""


async def read_body(request: Request, max_bytes: int) -> bytes:
    """Return the body of a request.

    Raises:
        HTTPException: it is too large, or too late.
    """
    try:
        return await asyncio.wait_for(_read(request, max_bytes), TIMEOUT_S)
    except asyncio.TimeoutError:
        raise HTTPException(408, "The request is too slow.", {"Connection": "close"}) from None


async def _read(request: Request, max_bytes: int) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > max_bytes:
            text = f"The request has more than {max_bytes} bytes."
            raise HTTPException(413, text, {"Connection": "close"})
    return bytes(body)

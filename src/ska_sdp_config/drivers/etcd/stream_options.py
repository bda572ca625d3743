"""Options of a watch stream, which depend on the end of the previous one."""

from __future__ import annotations

from typing import NamedTuple

from ska_sdp_config.drivers.etcd.stream import Ending, Stream
from ska_sdp_config.drivers.etcd.watchdog import MAX_EXTRA_S, next_extra_s

__all__ = ["StreamOptions", "options_after"]


class StreamOptions(NamedTuple):
    """Options of a watch stream.

    Attributes:
        extra_timeout_s: seconds to add to the deadlines.
        in_parts: whether to request large responses in parts.
    """

    extra_timeout_s: float = 0.0
    in_parts: bool = False


def options_after(
    stream: Stream, before: StreamOptions, *, has_delivered: bool, is_lossless: bool
) -> StreamOptions:
    """Return the options of the next stream: others if this one had too large a response.

    Either it was alive, but too slow, or it could not receive the response whole. With the same
    options, the next one would not deliver that response either.

    Args:
        stream: the stream that has ended.
        before: its options. They are kept until a stream has delivered all changes.
        has_delivered: whether it has delivered any changes.
        is_lossless: whether a watch waits for the changes that it did not deliver.
    """
    if stream.ended is Ending.TOO_LARGE:
        # etcd takes a few seconds to make a part of 16,000 events, half a minute if their values
        # are so short that it has 40,000.
        return StreamOptions(MAX_EXTRA_S, in_parts=True)
    if stream.was_complete:
        return StreamOptions()
    # Without a response, the connection is broken. After a stall, other watches have a gap.
    is_too_slow = (
        stream.has_received
        and not has_delivered
        and (stream.ended is Ending.SILENT or (stream.ended is Ending.STALLED and is_lossless))
    )
    return StreamOptions(next_extra_s(before.extra_timeout_s), True) if is_too_slow else before

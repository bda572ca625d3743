"""Checker of subscribers: their events against the values that the database implies."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace

from tests.faults.checkers.implied import LATE, Implied, Value
from tests.faults.checkers.revision_times import RevisionTimes
from tests.faults.clock import SEEN_WITHIN_S
from tests.faults.history import Operation, of_kind

__all__ = ["Period", "Standing", "Subscription", "check_events", "merged", "without"]

Period = tuple[float, float]
"""Begin and end, on the monotonic clock."""

Subscription = tuple[str, str]
"""Name of a subscriber, and an attribute."""

OF_OUTAGES: dict[str, tuple[Value | None, ...]] = {
    "healthState": ("FAILED", "UNKNOWN"),
    "obsState": (None,),
    "scanID": (None,),
}
"""Values that depend on the connection of a device, and not on the content of the database.

They are possible in faults and shortly after them. A server that starts in an outage has no value
until it has read the database; one that runs keeps its values, see ``_may_lack_value``.
"""


RECONNECT_S = 2.0
"""Seconds in which a client subscribes again to a server that runs. The heartbeat of a server
stops for long after a step back of its clock: its clients then find an error and subscribe again
every ten seconds. A longer error is a lost subscription: the time of a value begins again after
it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Limit of the time within which a subscriber has to show a value.

    Attributes:
        limit_s: seconds for which the database has implied the value.
        excused: periods of faults, in and after which the time begins again.
        restarts: periods in which a server starts, and may have the values of an outage.
        unreachable: periods in which clients lose their subscription, or cannot subscribe again;
            only these excuse errors, as a subscription does not depend on the database.
        until: end of the run, on the monotonic clock, for subscribers without a record of their
            end.
    """

    limit_s: float
    until: float
    excused: Sequence[Period] = ()
    restarts: Sequence[Period] = ()
    unreachable: Sequence[Period] = ()


@dataclass(slots=True)
class _Repeats:
    """Events that a client may receive after the value that it reads when it subscribes again.

    The device has published them before the read, and they were delivered after it.

    Attributes:
        position: position of the last implied value of such an event, at first that before the
            error.
        stamped: timestamp of the value that was read; that of the events is not later, except by
            a step of the clock between them.
        until: time after which none is received.
    """

    position: int
    stamped: float
    until: float

    def take(self, event: Operation, places: Sequence[int], position: int) -> bool:
        """Return whether an event is one of these, and advance to its value.

        Args:
            event: event directly after the value that was read, or after another one of these.
            places: positions of the implied values that are equal to that of the event.
            position: position of the value that was read.
        """
        if event.details["stamped"] > self.stamped or event.began.monotonic > self.until:
            return False
        found = _next(places, self.position)
        if found is None or found > position:
            return False
        self.position = found
        return True


def check_events(
    operations: Iterable[Operation],
    implied: dict[str, list[Implied]],
    subarray_id: str,
    times: RevisionTimes,
    standing: Standing,
) -> tuple[list[str], Counter[Subscription]]:
    """Return a message for each violation, and how many values had to be shown, by subscription.

    Each event has to be of a value that the database implied, in this order and not before, apart
    from those of ``_Repeats``. Each attribute that was subscribed to has an event, as Tango sends
    a first one at once. A value that is stable for longer than the limit has to be shown, and no
    other one. An error of a subscription ends within the limit.

    Args:
        operations: all operations, of which the events of the subarray and the ends of the
            subscribers count.
        implied: see ``implied_values``.
        subarray_id: the subarray.
        times: times of the revisions.
        standing: limit of the time within which values have to be shown.
    """
    operations = list(operations)
    ends = {each.client: each.began.monotonic for each in of_kind(operations, "ended")}
    killed = of_kind(operations, "killed")
    ends |= {each.details["name"]: each.began.monotonic for each in killed}
    steps = [each for each in of_kind(operations, "fault") if "ahead_s" in each.details]
    streams: defaultdict[Subscription, list[Operation]] = defaultdict(list)
    for event in of_kind(operations, "event"):
        if event.details["subarray"] == subarray_id:
            streams[event.client, event.details["attribute"]].append(event)
    violations = [*_without_events(of_kind(operations, "subscribed"), subarray_id, streams)]
    checked: Counter[Subscription] = Counter()
    for (client, attribute), events in streams.items():
        title = f"{client}: {attribute}"
        values = implied[attribute]
        violations += _out_of_order(title, attribute, events, values, times, standing, steps)
        own = replace(standing, until=ends.get(client, standing.until))
        violations += _long_errors(title, events, own)
        wrong, count = _not_shown(title, events, values, times, own)
        violations += wrong
        if count:
            checked[client, attribute] += count
    return violations, checked


def _without_events(
    subscriptions: Iterable[Operation], subarray_id: str, streams: Container[Subscription]
) -> Iterable[str]:
    """Find attributes that were subscribed to and have had no event."""
    for each in subscriptions:
        if each.details["subarray"] != subarray_id:
            continue
        for attribute in each.details["attributes"]:
            if (each.client, attribute) not in streams:
                yield f"{each.client}: {attribute} had no event"


def _out_of_order(
    title: str,
    attribute: str,
    events: Sequence[Operation],
    values: Sequence[Implied],
    times: RevisionTimes,
    standing: Standing,
    steps: Sequence[Operation],
) -> Iterable[str]:
    """Find events that are no subsequence of the implied values, or too early.

    The earliest value that is possible leaves most of them to the later events.
    """
    places: defaultdict[Value, list[int]] = defaultdict(list)
    timed = []
    for place, each in enumerate(values):
        places[each.value].append(place)
        if each.deadline != float("inf"):
            timed.append(place)
    # A device needs up to the limit to recover from a fault, or to find it.
    faults = [*standing.excused, *standing.restarts]
    outages = merged((begin, end + standing.limit_s) for begin, end in faults)
    position = 0
    repeats: _Repeats | None = None
    timed_out: int | None = None
    for before, event in zip([None, *events], events, strict=False):
        value, received = event.details["value"], event.began
        is_of_outage = (
            value in OF_OUTAGES.get(attribute, ())
            and any(begin <= received.monotonic <= end for begin, end in outages)
            and (value is not None or _may_lack_value(event, before))
        )
        if event.details["error"] or is_of_outage:
            continue
        if before is not None and before.details["error"]:
            repeats = _repeats(before, event, position, steps)
        elif repeats is not None:
            if repeats.take(event, places[value], position):
                continue
            repeats = None
        found = _next(places[value], position)
        if found is not None and times.earliest(values[found].revision) <= received.monotonic:
            position = found
            continue
        if value == LATE.get(attribute):
            found = _next(timed, position)
            # A new subscription shows again what a step ahead implied, also after its end.
            if found is not None and (
                found == timed_out or _is_due(values[found], event, times, steps)
            ):
                position = timed_out = found
                continue
        yield (
            f"{title} {value!r} was received at {received.monotonic:.3f}, and was not implied "
            f"since {values[position].value!r} at {values[position].revision}"
        )


def _repeats(
    error: Operation, event: Operation, position: int, steps: Iterable[Operation]
) -> _Repeats | None:
    """Return what may follow the first value after an error, received at a position."""
    stamped = event.details.get("stamped")
    if stamped is None:
        return None
    since, until = error.began.monotonic, event.began.monotonic + RECONNECT_S
    stepped_s = sum(
        abs(step.details["ahead_s"])
        for step in steps
        if step.began.monotonic <= until and since <= step.ended.monotonic + SEEN_WITHIN_S
    )
    return _Repeats(position, stamped + stepped_s, until)


def _is_due(
    implied: Implied, event: Operation, times: RevisionTimes, steps: Iterable[Operation]
) -> bool:
    """Return whether a device may have found a timeout when an event was received.

    It compares the deadline with its own clock, which steps set ahead.
    """
    received = event.began
    ahead_s = max(
        (
            step.details["ahead_s"]
            for step in steps
            if step.began.monotonic <= received.monotonic <= step.ended.monotonic + SEEN_WITHIN_S
        ),
        default=0.0,
    )
    is_begun = times.earliest(implied.revision) <= received.monotonic
    return is_begun and implied.deadline <= received.wall + max(0.0, ahead_s)


def _may_lack_value(event: Operation, before: Operation | None) -> bool:
    """Return whether an event may be of a server that has started since the event before."""
    return before is None or bool(event.details.get("first") or before.details["error"])


def _next(places: Sequence[int], position: int) -> int | None:
    number = bisect_left(places, position)
    return places[number] if number < len(places) else None


def _not_shown(
    title: str,
    events: Sequence[Operation],
    values: Sequence[Implied],
    times: RevisionTimes,
    standing: Standing,
) -> tuple[list[str], int]:
    """Return the stable values that were not shown in time, and the number of all stable ones."""
    violations, count = [], 0
    received = [event.began.monotonic for event in events]
    lost = [gap for gap in _gaps(events, standing) if gap[1] - gap[0] > RECONNECT_S]
    excused = merged([*standing.excused, *lost])
    # Without an event there is nothing shown, and no error of the subscription either.
    first = received[0]
    offset = events[0].began.wall - first
    for each, (start, end) in _stable(values, times, standing.until, offset):
        period = max(first, start), min(end, standing.until)
        for begin, quiet_end in without(period, excused):
            due = begin + standing.limit_s
            if due >= quiet_end:
                continue
            count += 1
            shown = bisect_right(received, due) - 1
            last = bisect_left(received, quiet_end) - 1
            wrong = [
                events[place].details["value"]
                for place in range(shown, last + 1)
                if events[place].details["value"] != each.value
                and not events[place].details["error"]
            ]
            if wrong:
                violations.append(
                    f"{title} {each.value!r} of {each.revision} was not shown within "
                    f"{standing.limit_s:g} s, but {wrong[0]!r}"
                )
    return violations, count


def _stable(
    values: Sequence[Implied], times: RevisionTimes, until: float, offset: float
) -> list[tuple[Implied, Period]]:
    """Return the period of each value; one whose deadline only changes has one period.

    Args:
        values: the implied values.
        times: times of the revisions.
        until: end of the last value, on the monotonic clock.
        offset: difference of the wall clock to it.
    """
    found: list[tuple[Implied, Period]] = []
    ends = [times.earliest(each.revision) for each in values[1:]] + [until]
    is_continued = False
    for each, end in zip(values, ends, strict=True):
        period = times.latest(each.revision), min(end, each.deadline - offset)
        if is_continued and found[-1][0].value == each.value:
            first, (begin, _) = found[-1]
            found[-1] = first, (begin, period[1])
        else:
            found.append((each, period))
        # Otherwise a timeout may have ended it before the next revision.
        is_continued = period[1] == end
    return found


def _long_errors(title: str, events: Iterable[Operation], standing: Standing) -> Iterable[str]:
    """Find errors of the subscription that lasted longer than the limit without a fault."""
    excused = merged(standing.unreachable)
    for gap in _gaps(events, standing):
        if any(stop - start > standing.limit_s for start, stop in without(gap, excused)):
            yield f"{title} had no value from the error at {gap[0]:.3f} until {gap[1]:.3f}"


def _gaps(events: Iterable[Operation], standing: Standing) -> Iterable[Period]:
    """Return the periods from each error of the subscription until the next value, or the end."""
    for begin, end in _errors(events):
        if begin < standing.until:
            yield begin, min(end, standing.until)


def _errors(events: Iterable[Operation]) -> Iterable[Period]:
    """Return the periods from each error until the next value, at last until infinity."""
    begin: float | None = None
    for event in events:
        if event.details["error"]:
            begin = event.began.monotonic if begin is None else begin
        elif begin is not None:
            yield begin, event.began.monotonic
            begin = None
    if begin is not None:
        yield begin, math.inf


def merged(periods: Iterable[Period]) -> list[Period]:
    """Return periods in order, and overlapping ones as one."""
    found: list[Period] = []
    for begin, end in sorted(periods):
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((begin, end))
    return found


def without(period: Period, excused: Sequence[Period]) -> Iterable[Period]:
    """Return the parts of a period outside others, which are in order and do not overlap."""
    begin, end = period
    place = bisect_left(excused, begin, key=lambda each: each[1])
    while begin < end:
        stop = excused[place][0] if place < len(excused) else end
        if begin < min(stop, end):
            yield begin, min(stop, end)
        if place == len(excused):
            return
        begin = max(begin, excused[place][1])
        place += 1

"""Strategies for paths, values, reads and faults, small enough to collide often."""

from __future__ import annotations

from hypothesis import strategies as st

__all__ = [
    "CLIENTS",
    "CLIENT_OF_LOOP",
    "FATES",
    "LOOPS",
    "PATH",
    "PATHS",
    "PREFETCH",
    "READ",
    "RECURSE",
    "START",
    "VALUE",
]

# The client of each of three loops: two of them run on one client.
CLIENT_OF_LOOP = [0, 0, 1]
# One loop does most, so that its transactions are long.
LOOPS = st.sampled_from([0, 0, 0, 1, 2])
CLIENTS = st.integers(0, max(CLIENT_OF_LOOP))

PATHS = ["/a", "/a/x", "/a/y", "/a/x/z", "/ab", "/b/\U0001f52d"]
PATH = st.sampled_from([*PATHS, "/a", "/a/x", "/a/y", "/b/ä"])
START = st.sampled_from(["/", "/a", "/a/", "/a/", "/a/", "/a/x", "/ab/", "/b/"])
RECURSE = st.sampled_from([0, 0, 1, 2, 3, (0,), (1,), (0, 2), (5,), ()])
# Writing the same value again is a change too.
VALUE = st.sampled_from(["same", "same", "other", "", "é\n"])
PREFETCH = st.lists(PATH | st.sampled_from(["/", "/a/", "/a/", "/b/"]), max_size=4)
READ = st.one_of(
    st.tuples(st.just("get"), PATH),
    st.tuples(st.just("get_many"), st.lists(PATH, max_size=5)),
    st.tuples(st.sampled_from(["list_keys", "peek_keys", "list_values"]), START, RECURSE),
)
FATES = st.lists(st.sampled_from(["answer", "request", "late", "fine"]), min_size=1, max_size=3)

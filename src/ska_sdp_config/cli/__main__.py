"""``python -m ska_sdp_config.cli``: the same as ``ska-sdp``."""

from __future__ import annotations

from . import main

main()

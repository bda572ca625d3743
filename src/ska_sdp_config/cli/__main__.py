"""``python -m ska_sdp_config.cli``: the same as ``ska-sdp``."""

from __future__ import annotations

from ska_sdp_config.cli import main

main()

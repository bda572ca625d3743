"""Settings of devices from given properties and environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ska_sdp_lmc.runtime.settings import Settings, load


def load_settings(properties: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in environ.items():
            environment.setenv(name, value)
        return load(properties)

"""Start and end of a server process."""

from __future__ import annotations

import sys

import tango
from tango.server import Device
from tango.server import run as run_tango

from ska_sdp_lmc.observability import logs
from ska_sdp_lmc.observability.endpoint import EndpointError, serving
from ska_sdp_lmc.runtime import database
from ska_sdp_lmc.runtime.registration import REGISTRATION
from ska_sdp_lmc.runtime.settings import SettingsError, load
from ska_sdp_lmc.runtime.tango_database import needs_database, wait_for_tango_database

__all__ = ["run"]


def run(device_class: type[Device], arguments: list[str] | None = None) -> None:
    """Run a server of one device class until Tango ends it.

    Wait for the Tango database and for the registration of the devices first. While the server
    runs, restore its registration if that was lost. Tango's arguments are by default those of the
    process.

    Tango handles SIGTERM and SIGINT itself: Python's signal handlers are not called while its
    event loop runs.

    Raises:
        SystemExit: a setting is invalid, the health endpoint cannot listen, or Tango rejects the
            server; the message names the reason.
    """
    try:
        settings = load()
        database.shared(settings.prefix)
    except (SettingsError, ValueError) as error:
        sys.exit(f"{device_class.__name__}: {error}")
    logs.set_up(settings.log_level, settings.log_format)
    try:
        # Start the health endpoint first: it shows why the server waits.
        with serving(settings.health_address, settings.health_port):
            given = sys.argv[1:] if arguments is None else arguments
            wait_for_tango_database(device_class.__name__, given)
            with REGISTRATION.stopped_at_end():
                run_tango(
                    [device_class],
                    args=[device_class.__name__, *given],
                    raises=True,
                    post_init_callback=REGISTRATION.start if needs_database(given) else None,
                )
    except (EndpointError, SettingsError) as error:
        sys.exit(f"{device_class.__name__}: {error}")
    except tango.DevFailed as error:
        sys.exit(f"{device_class.__name__}: {error.args[0].desc}")
    finally:
        database.shut_down()

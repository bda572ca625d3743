#!/bin/sh
# Say by the exit code whether the Tango database answers: its server, and MariaDB behind it.
#
# TANGO_DB_LISTEN, TANGO_DB_PORT    where it listens, as for serve.sh
set -eu

# The request makes the server count what MariaDB holds. One that hangs would be waited for.
TANGO_HOST="${TANGO_DB_LISTEN:-127.0.0.1}:${TANGO_DB_PORT:-10000}" \
    exec timeout 5 tango_admin --ping-database

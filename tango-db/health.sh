#!/bin/sh
# Health check of the Tango database: exit code 0 if its server and MariaDB respond.
#
# TANGO_DB_LISTEN, TANGO_DB_PORT    address and port of the server, as for serve.sh
set -eu

# The request makes the server query MariaDB; without a timeout, it would wait while MariaDB hangs.
TANGO_HOST="${TANGO_DB_LISTEN:-127.0.0.1}:${TANGO_DB_PORT:-10000}" \
    exec timeout 5 tango_admin --ping-database

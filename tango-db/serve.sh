#!/bin/sh
# Run the Tango database server.
#
# MYSQL_HOST, MYSQL_USER, MYSQL_PASSWORD    MariaDB and the user's credentials, as for schema.sh
# TANGO_DB_LISTEN                           address to listen on (default: all)
# TANGO_DB_PORT                             port to listen on (default: 10000)
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
port=${TANGO_DB_PORT:-10000}

# MariaDB's client library reads my.cnf in this directory.
export MYSQL_HOME="$here"
exec /usr/lib/tango/DataBaseds 2 -ORBendPoint "giop:tcp:${TANGO_DB_LISTEN:-}:$port"

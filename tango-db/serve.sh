#!/bin/sh
# Become the Tango database server.
#
# MYSQL_HOST, MYSQL_USER, MYSQL_PASSWORD    where MariaDB is, as for schema.sh
# TANGO_DB_LISTEN                           address to listen on, by default every one
# TANGO_DB_PORT                             port to listen on, by default 10000
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
port=${TANGO_DB_PORT:-10000}

# The client library of MariaDB reads my.cnf there.
export MYSQL_HOME="$here"
exec /usr/lib/tango/DataBaseds 2 -ORBendPoint "giop:tcp:${TANGO_DB_LISTEN:-}:$port"

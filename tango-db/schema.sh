#!/bin/sh
# Create the schema of the Tango database in MariaDB if it is missing or incomplete. Waits for
# MariaDB.
#
# MYSQL_HOST        host or host:port
# MYSQL_USER        user with all privileges on the database "tango", which must exist
# MYSQL_PASSWORD    the user's password
# TANGO_SCHEMA      SQL file to load (default: that of Debian's package tango-db)
# SCHEMA_WAIT       seconds to wait for MariaDB (default: 120)
set -eu

: "${MYSQL_HOST:?set it to the host of MariaDB, or host:port}"
: "${MYSQL_USER:?set it to the user in MariaDB}"
: "${MYSQL_PASSWORD:?set it to the password of $MYSQL_USER}"
TANGO_SCHEMA=${TANGO_SCHEMA:-/usr/share/dbconfig-common/data/tango-db/install/mysql}
SCHEMA_WAIT=${SCHEMA_WAIT:-120}

# The SQL file uses this name.
DATABASE=tango

host=${MYSQL_HOST%%:*}
port=3306
case $MYSQL_HOST in *:*) port=${MYSQL_HOST##*:} ;; esac

sql() {
    # The environment, because other users can read a command line.
    MYSQL_PWD=$MYSQL_PASSWORD mariadb --no-defaults --protocol=tcp --host="$host" \
        --port="$port" --user="$MYSQL_USER" --connect-timeout=5 --batch --skip-column-names \
        "$DATABASE" "$@"
}

is_complete() {
    # The last row that the SQL file inserts.
    found=$(sql --execute "SELECT COUNT(*) FROM property_class
        WHERE class = 'TangoAccessControl' AND value = 'GetAllowedCommandClassList'" 2>/dev/null) &&
        [ "$found" -ge 1 ]
}

waited=0
until failure=$(sql --execute 'SELECT 1' 2>&1); do
    if [ "$waited" -ge "$SCHEMA_WAIT" ]; then
        echo "MariaDB at $MYSQL_HOST did not answer within $SCHEMA_WAIT s: $failure" >&2
        exit 1
    fi
    [ $((waited % 10)) -ne 0 ] || echo "Waits for MariaDB at $MYSQL_HOST: $failure"
    sleep 1
    waited=$((waited + 1))
done

if is_complete; then
    echo "The schema is complete: nothing is changed."
    exit 0
fi
# The SQL file is idempotent: it creates only what is missing, and deletes rows before it inserts
# them. So it also completes a schema after an interruption.
sql <"$TANGO_SCHEMA"
if ! is_complete; then
    echo "Schema incomplete after loading $TANGO_SCHEMA: use the file of package tango-db." >&2
    exit 1
fi
echo "The schema was created."

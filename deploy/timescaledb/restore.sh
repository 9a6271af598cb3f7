#!/usr/bin/env bash
# Restores a dump of Passage's database into an empty one: what docs/backup.md tells, in the right order.
#
#   PGHOST=… PGUSER=postgres deploy/timescaledb/restore.sh passage.dump [database [owner]]
#
# As a superuser; libpq's variables and ~/.pgpass say where, and with which password. The roles must be there
# (roles.sql). The database is made when it is missing; one that holds tables is refused, so that nothing is
# ever overwritten.
set -euo pipefail

dump=${1:?the file that pg_dump --format=custom wrote}
database=${2:-passage}
owner=${3:-passage_owner}

[[ -r $dump ]] || { echo "restore: $dump cannot be read" >&2; exit 2; }

# TimescaleDB's own tables are part of the dump, and only the version that wrote them can read them.
version=$(pg_restore --data-only --table=metadata --file=- "$dump" | awk -F'\t' '$1 == "timescaledb_version" { print $2 }')
[[ -n $version ]] || { echo "restore: $dump is no dump of a database with TimescaleDB" >&2; exit 1; }

ask() { # DATABASE, then SQL on standard input, which may name :'database', :"owner" and :'version'
    psql -X --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 \
        --set=database="$database" --set=owner="$owner" --set=version="$version" --dbname="$1"
}

present=$(ask postgres <<<"SELECT count(*) FROM pg_database WHERE datname = :'database'")
if [[ $present == 0 ]]; then
    ask postgres <<<"CREATE DATABASE :\"database\" OWNER :\"owner\" TEMPLATE template0 ENCODING 'UTF8'"
fi
tables=$(ask "$database" <<<"SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
if [[ $tables != 0 ]]; then
    echo "restore: $database holds $tables tables; rename it (ALTER DATABASE … RENAME TO …) and restore again" >&2
    exit 1
fi
found=$(ask "$database" <<<"SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'")
if [[ -n $found && $found != "$version" ]]; then
    echo "restore: $database has TimescaleDB $found, the dump was written by $version; drop the database, and" \
        "restore where $version is installed; then ALTER EXTENSION timescaledb UPDATE" >&2
    exit 1
fi

trap 'echo "restore: $database is not whole; drop it before the next attempt" >&2' ERR
# Its workers stand still while the tables are filled.
ask "$database" >/dev/null <<'SQL'
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS timescaledb VERSION :'version';
SELECT timescaledb_pre_restore();
SQL
pg_restore --exit-on-error --dbname="$database" "$dump"
ask "$database" >/dev/null <<'SQL'
SELECT timescaledb_post_restore();
ANALYZE;
SQL
events=$(ask "$database" <<<"SELECT count(*) FROM visit_event")
echo "restore: $database holds $events events; go on with 'passage provision all'"

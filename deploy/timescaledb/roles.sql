-- For an administrator who makes roles and database by hand instead of handing out
-- PASSAGE_DATABASE_ADMIN. `passage provision database` does the same, and everything else.
--
--   psql -v ON_ERROR_STOP=1 -f deploy/timescaledb/roles.sql postgresql://postgres@host/postgres
--
-- Other names: -v owner=… -v writer=… -v reader=… -v database=… . Then give each role its password with
-- \password, which does not send it in clear, and run `passage provision database` without
-- PASSAGE_DATABASE_ADMIN: tables, views and rights are the owner's work.

\if :{?owner}
\else
\set owner passage_owner
\endif
\if :{?writer}
\else
\set writer passage_writer
\endif
\if :{?reader}
\else
\set reader passage_reader
\endif
\if :{?database}
\else
\set database passage
\endif

CREATE ROLE :"owner" LOGIN;
ALTER ROLE :"owner" SET timezone = 'UTC';

CREATE ROLE :"writer" LOGIN;
ALTER ROLE :"writer" SET timezone = 'UTC';
ALTER ROLE :"writer" SET idle_in_transaction_session_timeout = '60s';

CREATE ROLE :"reader" LOGIN;
ALTER ROLE :"reader" SET timezone = 'UTC';
ALTER ROLE :"reader" SET default_transaction_read_only = 'on';
ALTER ROLE :"reader" SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE :"reader" SET jit = 'off';
ALTER ROLE :"reader" SET statement_timeout = '30s';

CREATE DATABASE :"database" OWNER :"owner" TEMPLATE template0 ENCODING 'UTF8';
\connect :"database"
CREATE EXTENSION timescaledb;

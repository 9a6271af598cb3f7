-- server --
SELECT
    current_setting('server_version_num')::integer / 10000 AS major,
    (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser;

-- found_role --
-- A role's attributes and settings, no row when it does not exist.
SELECT
    rolsuper,
    rolcanlogin AND NOT (rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls) AS plain,
    ARRAY(
        SELECT unnest(setconfig) FROM pg_db_role_setting
        WHERE setrole = pg_roles.oid AND setdatabase = 0
    ) AS settings
FROM pg_roles WHERE rolname = %(role)s;

-- found_password --
-- Only a superuser may read it.
SELECT rolpassword FROM pg_authid WHERE rolname = %(role)s;

-- found_database --
SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %(database)s;

-- may_act_as --
SELECT pg_has_role(%(role)s, 'MEMBER');

-- found_extension --
SELECT extversion FROM pg_extension WHERE extname = 'timescaledb';

-- has_community_edition --
-- The Apache edition knows the functions by name too, but refuses to run them.
SELECT coalesce(current_setting('timescaledb.license', true) = 'timescale', false);

-- try_lock --
SELECT pg_try_advisory_lock(%(key)s);

-- lock_holder --
SELECT coalesce(nullif(application_name, ''), usename), pid, coalesce(host(client_addr), 'the server')
FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND objsubid = 1
    AND (classid::bigint << 32) + objid::bigint = %(key)s
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database());

-- create_records --
-- What was applied to this database.
CREATE TABLE IF NOT EXISTS migration (
    number integer PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    body text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS applied_file (
    path text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- has_records --
SELECT to_regclass('public.migration') IS NOT NULL AND to_regclass('public.applied_file') IS NOT NULL;

-- applied_migrations --
SELECT number, name, checksum FROM migration ORDER BY number;

-- record_migration --
INSERT INTO migration (number, name, checksum, body)
VALUES (%(number)s, %(name)s, %(checksum)s, %(body)s);

-- applied_files --
SELECT path, checksum FROM applied_file WHERE path LIKE %(folder)s || '/%%';

-- record_file --
INSERT INTO applied_file (path, checksum) VALUES (%(path)s, %(checksum)s)
ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();

-- forget_file --
DELETE FROM applied_file WHERE path = %(path)s;

-- views --
-- The owner's views.
SELECT relname FROM pg_class
WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace
    AND pg_get_userbyid(relowner) = current_user
ORDER BY relname;

-- functions --
-- The owner's functions of these names, as SQL.
SELECT format('public.%%I(%%s)', proname, pg_get_function_identity_arguments(oid)) FROM pg_proc
WHERE pronamespace = 'public'::regnamespace AND pg_get_userbyid(proowner) = current_user
    AND proname = ANY(%(names)s)
    AND NOT EXISTS (
        SELECT FROM pg_depend
        WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e'
    );

-- rights --
-- What PUBLIC, writer and reader may do with the database, its schema, and the owner's relations and functions.
WITH object (kind, name, acl) AS (
    SELECT 'database', datname::text, coalesce(datacl, acldefault('d', datdba))
    FROM pg_database WHERE datname = current_database()
    UNION ALL
    SELECT 'schema', nspname::text, coalesce(nspacl, acldefault('n', nspowner))
    FROM pg_namespace WHERE nspname = 'public'
    UNION ALL
    SELECT
        CASE relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' ELSE 'table' END,
        relname::text,
        coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))
    FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
        AND pg_get_userbyid(relowner) = current_user
    UNION ALL
    SELECT
        'function',
        format('%I(%s)', proname, pg_get_function_identity_arguments(oid)),
        coalesce(proacl, acldefault('f', proowner))
    FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND pg_get_userbyid(proowner) = current_user
        AND NOT EXISTS (
            SELECT FROM pg_depend
            WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e'
        )
)
SELECT kind, name, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END, privilege_type
FROM object, aclexplode(acl)
UNION ALL
-- Objects without any right for these roles.
SELECT kind, name, NULL, NULL FROM object;

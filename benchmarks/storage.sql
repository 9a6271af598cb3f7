-- visits --
SELECT count(*) FROM visit;

-- sizes --
-- Tables with their indexes and what is stored beside them; a hypertable with its chunks.
WITH pieces AS (
    SELECT
        coalesce(chunks.hypertable_name::text, relation.relname::text) AS name,
        greatest(relation.reltuples, 0) AS rows,
        pg_total_relation_size(relation.oid) AS size
    FROM pg_class AS relation
    JOIN pg_namespace AS space ON space.oid = relation.relnamespace
    LEFT JOIN timescaledb_information.chunks AS chunks
        ON chunks.chunk_schema = space.nspname AND chunks.chunk_name = relation.relname
    WHERE relation.relkind = 'r'
        AND (space.nspname = 'public' OR chunks.chunk_name IS NOT NULL)
)
SELECT name, sum(rows)::bigint, sum(size)::bigint FROM pieces GROUP BY name ORDER BY sum(size) DESC;

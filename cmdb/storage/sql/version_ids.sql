-- Take ids for items and versions: the first and the last where they are without a gap, else each of them.
WITH taken AS MATERIALIZED (
    SELECT nextval('cmdb.version_id_seq') AS id FROM generate_series(1, %(count)s)
)
SELECT min(id), max(id), CASE WHEN max(id) - min(id) + 1 <> count(*) THEN array_agg(id) END FROM taken

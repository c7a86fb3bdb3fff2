-- Open an account, or its new version where the reading differs; what a reading does not show stays.
INSERT INTO cmdb.account AS a (partition, account_id, name, state, payload, tags, version_id, valid_from)
VALUES (%(partition)s, %(account_id)s, %(name)s, %(state)s, %(payload)s::jsonb, %(tags)s::jsonb,
        nextval('cmdb.version_id_seq'), %(as_of)s)
ON CONFLICT (partition, account_id) DO UPDATE
SET name = CASE WHEN excluded.payload = '{}' THEN a.name ELSE excluded.name END,
    state = CASE WHEN excluded.payload = '{}' THEN a.state ELSE excluded.state END,
    payload = CASE WHEN excluded.payload = '{}' THEN a.payload ELSE excluded.payload END,
    tags = coalesce(excluded.tags, a.tags),
    version_id = excluded.version_id, valid_from = excluded.valid_from
WHERE (excluded.payload <> '{}'
       AND (a.name, a.state, a.payload) IS DISTINCT FROM (excluded.name, excluded.state, excluded.payload))
   OR a.tags IS DISTINCT FROM coalesce(excluded.tags, a.tags)

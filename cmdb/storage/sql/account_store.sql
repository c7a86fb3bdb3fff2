-- Open an account, or its new version where the reading tells something else.
INSERT INTO cmdb.account AS a (partition, account_id, name, state, payload, version_id, valid_from)
VALUES (%(partition)s, %(account_id)s, %(name)s, %(state)s, %(payload)s::jsonb,
        nextval('cmdb.version_id_seq'), %(as_of)s)
ON CONFLICT (partition, account_id) DO UPDATE
SET name = excluded.name, state = excluded.state, payload = excluded.payload,
    version_id = excluded.version_id, valid_from = excluded.valid_from
WHERE excluded.payload <> '{}'
  AND (a.name, a.state, a.payload) IS DISTINCT FROM (excluded.name, excluded.state, excluded.payload)

-- Keep the version of an account that a differing reading replaces; what a reading does not tell stays.
INSERT INTO cmdb.account_closed (account_key, valid_from, valid_to, version_id, name, state, payload, tags)
SELECT account_key, valid_from, %(as_of)s, version_id, name, state, payload, tags
FROM cmdb.account
WHERE partition = %(partition)s AND account_id = %(account_id)s AND valid_from < %(as_of)s
  AND ((%(payload)s::jsonb <> '{}'
        AND (name, state, payload) IS DISTINCT FROM (%(name)s, %(state)s, %(payload)s::jsonb))
       OR tags IS DISTINCT FROM coalesce(%(tags)s::jsonb, tags))

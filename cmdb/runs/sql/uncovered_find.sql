-- The scopes that a run did not cover and that do not say so yet; retired accounts have none to cover.
INSERT INTO pg_temp.outcome (account_region_id, item_type, status, failure_kind, error)
SELECT sc.account_region_id, sc.item_type, %(status)s::text, %(kind)s::text, %(error)s::text
FROM cmdb.scope AS sc
JOIN cmdb.account_region AS ar ON ar.account_region_id = sc.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key
WHERE a.retired_at IS NULL
  AND sc.last_attempt_at < %(as_of)s
  AND (sc.status, sc.failure_kind) IS DISTINCT FROM (%(status)s::text, %(kind)s::text)
  AND CASE WHEN %(wanted)s::text[] IS NULL THEN sc.failure_kind IS DISTINCT FROM 'not_wanted'
           ELSE (sc.item_type = ANY(%(wanted)s)) = %(is_wanted)s END

-- Open the state of scopes that a run did not cover.
INSERT INTO cmdb.scope_state (account_region_id, item_type, valid_from, status, failure_kind, read_before)
SELECT sc.account_region_id, sc.item_type, %(as_of)s, %(status)s::text, %(kind)s::text, sc.read_at
FROM cmdb.scope AS sc
WHERE sc.last_attempt_at < %(as_of)s AND (sc.status, sc.failure_kind) IS DISTINCT FROM (%(status)s::text, %(kind)s::text)
  AND CASE WHEN %(wanted)s::text[] IS NULL THEN sc.failure_kind IS DISTINCT FROM 'not_wanted'
           ELSE (sc.item_type = ANY(%(wanted)s)) = %(is_wanted)s END
  AND NOT EXISTS (
      SELECT FROM cmdb.account_region AS ar
      JOIN cmdb.account AS a ON a.account_key = ar.account_key
      WHERE ar.account_region_id = sc.account_region_id AND a.retired_at IS NOT NULL
  )
ON CONFLICT (account_region_id, item_type) WHERE valid_to IS NULL DO NOTHING

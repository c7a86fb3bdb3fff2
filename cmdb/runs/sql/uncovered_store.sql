-- The state now of scopes that a run did not cover; their last attempt stays.
UPDATE cmdb.scope AS sc
SET status = %(status)s::text, failure_kind = %(kind)s::text, operation = NULL, error = %(error)s::text
WHERE sc.last_attempt_at < %(as_of)s AND (sc.status, sc.failure_kind) IS DISTINCT FROM (%(status)s::text, %(kind)s::text)
  AND CASE WHEN %(wanted)s::text[] IS NULL THEN sc.failure_kind IS DISTINCT FROM 'not_wanted'
           ELSE (sc.item_type = ANY(%(wanted)s)) = %(is_wanted)s END
  AND NOT EXISTS (
      SELECT FROM cmdb.account_region AS ar
      JOIN cmdb.account AS a ON a.account_key = ar.account_key
      WHERE ar.account_region_id = sc.account_region_id AND a.retired_at IS NOT NULL
  )

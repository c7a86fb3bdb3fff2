-- Close the states of scopes that a run did not cover; retired accounts have none to cover.
UPDATE cmdb.scope_state AS st
SET valid_to = %(as_of)s
FROM cmdb.scope AS sc
WHERE sc.last_attempt_at < %(as_of)s AND (sc.status, sc.failure_kind) IS DISTINCT FROM (%(status)s::text, %(kind)s::text)
  AND CASE WHEN %(wanted)s::text[] IS NULL THEN sc.failure_kind IS DISTINCT FROM 'not_wanted'
           ELSE (sc.item_type = ANY(%(wanted)s)) = %(is_wanted)s END
  AND st.account_region_id = sc.account_region_id AND st.item_type = sc.item_type AND st.valid_to IS NULL
  AND st.valid_from < %(as_of)s
  AND NOT EXISTS (
      SELECT FROM cmdb.account_region AS ar
      JOIN cmdb.account AS a ON a.account_key = ar.account_key
      WHERE ar.account_region_id = sc.account_region_id AND a.retired_at IS NOT NULL
  )

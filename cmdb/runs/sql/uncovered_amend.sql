-- A second run of the same as_of replaces the state that the first one opened, or takes it back where the one before goes on.
WITH again AS (
    SELECT sc.account_region_id, sc.item_type,
           (b.status, b.failure_kind) IS NOT DISTINCT FROM (%(status)s::text, %(kind)s::text) AS goes_on
    FROM cmdb.scope AS sc
    JOIN cmdb.scope_state AS st ON st.account_region_id = sc.account_region_id AND st.item_type = sc.item_type
        AND st.valid_to IS NULL AND st.valid_from = %(as_of)s
    LEFT JOIN cmdb.scope_state AS b ON b.account_region_id = sc.account_region_id
        AND b.item_type = sc.item_type AND b.valid_to = %(as_of)s
    WHERE sc.last_attempt_at < %(as_of)s AND (sc.status, sc.failure_kind) IS DISTINCT FROM (%(status)s::text, %(kind)s::text)
      AND CASE WHEN %(wanted)s::text[] IS NULL THEN sc.failure_kind IS DISTINCT FROM 'not_wanted'
               ELSE (sc.item_type = ANY(%(wanted)s)) = %(is_wanted)s END
      AND NOT EXISTS (
          SELECT FROM cmdb.account_region AS ar
          JOIN cmdb.account AS a ON a.account_key = ar.account_key
          WHERE ar.account_region_id = sc.account_region_id AND a.retired_at IS NOT NULL
      )
),
taken_back AS (
    DELETE FROM cmdb.scope_state AS st
    USING again AS a
    WHERE a.goes_on AND st.account_region_id = a.account_region_id AND st.item_type = a.item_type
      AND st.valid_from = %(as_of)s
    RETURNING st.account_region_id, st.item_type
),
going_on AS (
    UPDATE cmdb.scope_state AS st
    SET valid_to = NULL
    FROM taken_back AS t
    WHERE st.account_region_id = t.account_region_id AND st.item_type = t.item_type
      AND st.valid_to = %(as_of)s
)
UPDATE cmdb.scope_state AS st
SET status = %(status)s::text, failure_kind = %(kind)s::text
FROM again AS a
WHERE NOT a.goes_on AND st.account_region_id = a.account_region_id AND st.item_type = a.item_type
  AND st.valid_from = %(as_of)s

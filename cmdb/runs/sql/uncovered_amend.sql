-- A second run of the same as_of replaces the state that the first one opened, or takes it back where the one before goes on.
WITH again AS (
    SELECT st.account_region_id, st.item_type,
           (b.status, b.failure_kind) IS NOT DISTINCT FROM (%(status)s::text, %(kind)s::text) AS goes_on
    FROM pg_temp.uncovered AS u
    JOIN cmdb.scope_state AS st ON st.account_region_id = u.account_region_id AND st.item_type = u.item_type
        AND st.valid_to IS NULL AND st.valid_from = %(as_of)s
    LEFT JOIN cmdb.scope_state AS b ON b.account_region_id = u.account_region_id
        AND b.item_type = u.item_type AND b.valid_to = %(as_of)s
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

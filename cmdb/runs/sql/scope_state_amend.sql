-- A second run of the same as_of replaces the state that the first one opened, or takes it back where the one before goes on.
WITH again AS (
    SELECT o.account_region_id, o.item_type, o.status, o.failure_kind,
           o.status NOT IN ('complete', 'partial') AND sc.read_at IS NOT DISTINCT FROM %(as_of)s AS was_read,
           (b.status, b.failure_kind) IS NOT DISTINCT FROM (o.status, o.failure_kind)
           -- A failure after a reading of the same as_of is another one: the reading before it is later.
           AND (o.status IN ('complete', 'partial') OR sc.read_at IS DISTINCT FROM %(as_of)s) AS goes_on
    FROM pg_temp.outcome AS o
    JOIN cmdb.scope AS sc ON sc.account_region_id = o.account_region_id AND sc.item_type = o.item_type
    JOIN cmdb.scope_state AS st ON st.account_region_id = o.account_region_id AND st.item_type = o.item_type
        AND st.valid_to IS NULL AND st.valid_from = %(as_of)s
    LEFT JOIN cmdb.scope_state AS b ON b.account_region_id = o.account_region_id
        AND b.item_type = o.item_type AND b.valid_to = %(as_of)s
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
SET status = a.status, failure_kind = a.failure_kind,
    read_before = CASE WHEN a.was_read THEN %(as_of)s ELSE st.read_before END
FROM again AS a
WHERE NOT a.goes_on AND st.account_region_id = a.account_region_id AND st.item_type = a.item_type
  AND st.valid_from = %(as_of)s

-- Open states where none is open, with the reading before them.
INSERT INTO cmdb.scope_state (account_region_id, item_type, valid_from, status, failure_kind, read_before)
SELECT o.account_region_id, o.item_type, %(as_of)s, o.status, o.failure_kind, sc.read_at
FROM pg_temp.outcome AS o
LEFT JOIN cmdb.scope AS sc ON sc.account_region_id = o.account_region_id AND sc.item_type = o.item_type
WHERE NOT EXISTS (
    SELECT FROM cmdb.scope_state AS st
    WHERE st.account_region_id = o.account_region_id AND st.item_type = o.item_type AND st.valid_to IS NULL
)

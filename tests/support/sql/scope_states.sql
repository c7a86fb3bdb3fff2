-- The history of scopes and of what was unread in them, by names instead of keys.
SELECT a.account_id, ar.region, st.item_type, '' AS item_id, st.valid_from, st.valid_to, st.status,
       st.failure_kind, st.read_before
FROM cmdb.scope_state AS st
JOIN cmdb.account_region AS ar ON ar.account_region_id = st.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key
UNION ALL
SELECT a.account_id, ar.region, u.item_type, u.item_id, u.valid_from, u.valid_to, 'unread', u.failure_kind,
       u.read_before
FROM cmdb.unread_item AS u
JOIN cmdb.account_region AS ar ON ar.account_region_id = u.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key
ORDER BY 1, 2, 3, 4, 5

-- Close states that no longer hold.
UPDATE cmdb.scope_state AS st
SET valid_to = %(as_of)s
FROM pg_temp.outcome AS o
WHERE st.account_region_id = o.account_region_id AND st.item_type = o.item_type AND st.valid_to IS NULL
  AND (st.status, st.failure_kind) IS DISTINCT FROM (o.status, o.failure_kind)

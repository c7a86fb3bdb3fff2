-- A second run of the same as_of replaces the state that the first one opened.
UPDATE cmdb.scope_state AS st
SET status = o.status, failure_kind = o.failure_kind
FROM pg_temp.outcome AS o
WHERE st.account_region_id = o.account_region_id AND st.item_type = o.item_type AND st.valid_to IS NULL
  AND st.valid_from = %(as_of)s

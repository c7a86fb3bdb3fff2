-- Close the states of scopes that a run did not cover.
UPDATE cmdb.scope_state AS st
SET valid_to = %(as_of)s
FROM pg_temp.uncovered AS u
WHERE st.account_region_id = u.account_region_id AND st.item_type = u.item_type
  AND st.valid_to IS NULL AND st.valid_from < %(as_of)s

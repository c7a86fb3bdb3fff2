-- Open the state of scopes that a run did not cover.
INSERT INTO cmdb.scope_state (account_region_id, item_type, valid_from, status, failure_kind, read_before)
SELECT sc.account_region_id, sc.item_type, %(as_of)s, %(status)s::text, %(kind)s::text, sc.read_at
FROM pg_temp.uncovered AS u
JOIN cmdb.scope AS sc ON sc.account_region_id = u.account_region_id AND sc.item_type = u.item_type
ON CONFLICT (account_region_id, item_type) WHERE valid_to IS NULL DO NOTHING

-- Open the skipped state of a retired account's scopes, in place of one that began with this very run.
INSERT INTO cmdb.scope_state AS st
    (account_region_id, item_type, valid_from, status, failure_kind, read_before)
SELECT account_region_id, item_type, %(as_of)s, 'skipped', 'account_left', read_at
FROM cmdb.scope
WHERE account_region_id = ANY(%(regions)s)
ON CONFLICT (account_region_id, item_type) WHERE valid_to IS NULL
DO UPDATE SET status = excluded.status, failure_kind = excluded.failure_kind

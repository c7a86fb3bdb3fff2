-- The state now of scopes that a run did not cover; their last attempt stays.
UPDATE cmdb.scope AS sc
SET status = o.status, failure_kind = o.failure_kind, operation = NULL, error = o.error
FROM pg_temp.outcome AS o
WHERE sc.account_region_id = o.account_region_id AND sc.item_type = o.item_type

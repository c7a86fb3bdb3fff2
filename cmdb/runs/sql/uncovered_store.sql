-- The state now of scopes that a run did not cover; their last attempt stays.
UPDATE cmdb.scope AS sc
SET status = %(status)s::text, failure_kind = %(kind)s::text, operation = NULL, error = %(error)s::text
FROM pg_temp.uncovered AS u
WHERE sc.account_region_id = u.account_region_id AND sc.item_type = u.item_type

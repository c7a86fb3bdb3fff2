-- The state now of a retired account's scopes; without digests, so that a later reading compares everything.
UPDATE cmdb.scope
SET status = 'skipped', failure_kind = 'account_left', operation = NULL, error = %(error)s, digest = NULL,
    tokens = NULL
WHERE account_region_id = ANY(%(regions)s)

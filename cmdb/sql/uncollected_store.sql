-- The state now of scopes that a run did not cover; their last attempt stays.
UPDATE cmdb.scope
SET status = 'uncollected', failure_kind = NULL, operation = NULL,
    error = 'The last run did not cover it: its account or region is not among those to read.'
WHERE last_attempt_at < %(as_of)s AND status <> 'uncollected'

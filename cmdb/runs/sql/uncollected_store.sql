-- The state now of scopes that a run did not cover; their last attempt stays.
UPDATE cmdb.scope AS sc
SET status = 'uncollected', failure_kind = NULL, operation = NULL,
    error = 'The last run did not read it: it ended early, or the account or region is not among those to read.'
WHERE last_attempt_at < %(as_of)s AND status <> 'uncollected'
  AND NOT EXISTS (
      SELECT FROM cmdb.account_region AS ar
      JOIN cmdb.account AS a ON a.account_key = ar.account_key
      WHERE ar.account_region_id = sc.account_region_id AND a.retired_at IS NOT NULL
  )

-- How the scopes that a run covered ended: fine, skipped on purpose or denied as accepted, and failed.
SELECT count(*) FILTER (WHERE status IN ('complete', 'skipped') OR failure_kind = 'denied_accepted'),
       count(*) FILTER (
           WHERE status IN ('partial', 'failed') AND failure_kind IS DISTINCT FROM 'denied_accepted'
       )
FROM cmdb.scope
WHERE last_attempt_at = %(as_of)s AND status <> 'uncollected'

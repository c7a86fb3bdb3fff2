-- How the scopes that a run covered ended: fine or skipped on purpose, and failed.
SELECT count(*) FILTER (WHERE status IN ('complete', 'skipped')),
       count(*) FILTER (WHERE status IN ('partial', 'failed'))
FROM cmdb.scope
WHERE last_attempt_at = %(as_of)s AND status <> 'uncollected'

-- Scopes that are read (or skipped on purpose, or denied as accepted), and scopes read in part or not at all.
SELECT count(*) FILTER (WHERE status IN ('complete', 'skipped') OR failure_kind = 'denied_accepted'),
       count(*) FILTER (
           WHERE status IN ('partial', 'failed') AND failure_kind IS DISTINCT FROM 'denied_accepted'
       )
FROM report.scope_health
WHERE retired_at IS NULL

-- Scopes that stand well (or are skipped on purpose), and scopes read in part or not at all.
SELECT count(*) FILTER (WHERE status IN ('complete', 'skipped')),
       count(*) FILTER (WHERE status IN ('partial', 'failed'))
FROM report.scope_health
WHERE retired_at IS NULL

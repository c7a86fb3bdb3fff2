-- Findings that took their present status in a run, by status.
SELECT status, count(*)
FROM report.finding
WHERE since = %(as_of)s
GROUP BY status

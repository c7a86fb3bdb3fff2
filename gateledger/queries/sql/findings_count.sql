-- How many findings of each status there are now under the same filters as findings.sql.
SELECT status, count(*)
FROM report.finding
WHERE
-- include: findings_filters
-- include: findings_filters_status
GROUP BY status

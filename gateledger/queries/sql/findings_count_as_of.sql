-- How many findings of each status there were at a time under the same filters as findings_as_of.sql.
SELECT status, count(*)
FROM report.finding_as_of(%(as_of)s)
WHERE
-- include: findings_filters
-- include: findings_filters_status
GROUP BY status

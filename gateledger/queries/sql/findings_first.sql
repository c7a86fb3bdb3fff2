-- What some policies found, by status: findings, and those that an exception covers.
SELECT f.status, count(*) AS findings, count(f.exception_id) AS excepted
FROM report.finding AS f
WHERE f.policy_id = ANY (%(policies)s::text[])
GROUP BY f.status
ORDER BY f.status

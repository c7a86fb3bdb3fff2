-- How many findings of each status exceptions cover now.
SELECT status, count(*) AS findings
FROM report.excepted
GROUP BY status

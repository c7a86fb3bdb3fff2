-- How many findings of each status exceptions cover now.
SELECT status, count(*)
FROM report.excepted
GROUP BY status

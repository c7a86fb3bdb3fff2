SELECT account_id, max(account_name) AS account_name, count(*) FILTER (WHERE status = 'INCOMPLIANT') AS incompliant,
       count(*) FILTER (WHERE status = 'INCOMPLIANT' AND exception_id IS NOT NULL) AS excepted,
       count(*) FILTER (WHERE status = 'UNDETERMINED') AS undetermined,
       min(since) FILTER (WHERE status = 'INCOMPLIANT') AS oldest
FROM report.finding
WHERE policy_id IN ($policy) AND account_id IN ($account)
GROUP BY account_id
ORDER BY incompliant DESC, account_id
LIMIT 20

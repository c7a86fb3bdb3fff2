SELECT account_id, region, api_id, max(api_name) AS api_name, sum(incompliant) AS incompliant,
       sum(excepted) AS excepted, sum(undetermined) AS undetermined,
       count(*) FILTER (WHERE incompliant > 0) AS policies, min(oldest_incompliant) AS oldest
FROM report.api_compliance
WHERE policy_id IN ($policy) AND account_id IN ($account)
GROUP BY account_id, region, api_id
ORDER BY incompliant DESC, account_id, region, api_id
LIMIT 50

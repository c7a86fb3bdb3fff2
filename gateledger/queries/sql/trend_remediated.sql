-- How long the incompliant episodes lasted that were remediated within the last days.
SELECT policy_id, count(*) AS remediated,
       round(avg(days), 2) AS mean_days,
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY days)::numeric, 2) AS median_days
FROM report.episode
WHERE outcome = 'COMPLIANT' AND ended_at > (SELECT max(as_of) FROM report.run) - %(days)s * interval '1 day'
  AND (%(policies)s::text[] IS NULL OR policy_id = ANY (%(policies)s))
  AND (%(accounts)s::text[] IS NULL OR account_id = ANY (%(accounts)s))
  AND (%(regions)s::text[] IS NULL OR region = ANY (%(regions)s))
GROUP BY policy_id
ORDER BY policy_id

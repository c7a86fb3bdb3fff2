-- Compliance of the accounts at the end of some days, by policy. Each count is looked for among the ends of these days
-- ("ends", in order): most counts of a year lie between two of them and are left out before anything is joined.
SELECT (%(days)s::date[])[place] AS day, t.policy_id, t.account_id,
       coalesce(sum(t.items) FILTER (WHERE t.status = 'COMPLIANT'), 0)::bigint AS compliant,
       coalesce(sum(t.items) FILTER (WHERE t.status = 'INCOMPLIANT'), 0)::bigint AS incompliant,
       coalesce(sum(t.items) FILTER (WHERE t.status = 'INAPPLICABLE'), 0)::bigint AS inapplicable,
       coalesce(sum(t.items) FILTER (WHERE t.status = 'UNDETERMINED'), 0)::bigint AS undetermined
FROM (
    SELECT policy_id, account_id, status, items, last_day,
           width_bucket(valid_from, %(ends)s::timestamptz[]) AS before,
           width_bucket(coalesce(valid_to, 'infinity'), %(ends)s::timestamptz[]) AS until
    FROM report.count_time
) AS t
CROSS JOIN LATERAL generate_series(t.before + 1, t.until) AS place
WHERE t.before < t.until AND (%(days)s::date[])[place] <= t.last_day
GROUP BY place, t.policy_id, t.account_id
ORDER BY t.account_id, day, t.policy_id

-- Compliance at the end of every UTC day, by policy, account and region; a day without a run shows what held.
CREATE VIEW report.compliance_daily AS
-- What exceptions cover changes at times of its own; between them it holds, as counts do.
WITH excepted AS (
    SELECT policy_key, account_region_id, status, changed_at AS valid_from,
           lead(changed_at) OVER w AS valid_to, sum(items) OVER w AS items
    FROM report.excepted_change
    WINDOW w AS (PARTITION BY policy_key, account_region_id, status ORDER BY changed_at)
),
held AS (
    SELECT t.policy_key, t.account_region_id, t.valid_from, t.valid_to,
           CASE c.status WHEN 'COMPLIANT' THEN t.items END AS compliant,
           CASE c.status WHEN 'INCOMPLIANT' THEN t.items END AS incompliant,
           CASE c.status WHEN 'INAPPLICABLE' THEN t.items END AS inapplicable,
           CASE c.status WHEN 'UNDETERMINED' THEN t.items END AS undetermined,
           NULL::bigint AS excepted, NULL::bigint AS undetermined_excepted
    FROM compliance.tally AS t
    JOIN compliance.condition AS c ON c.condition_key = t.condition_key
    UNION ALL
    SELECT policy_key, account_region_id, valid_from, valid_to, NULL, NULL, NULL, NULL,
           CASE status WHEN 'INCOMPLIANT' THEN items END, CASE status WHEN 'UNDETERMINED' THEN items END
    FROM excepted
    WHERE items > 0
)
SELECT
    d.day::date AS day,
    p.policy_id,
    a.account_id,
    ar.region,
    coalesce(sum(t.compliant), 0) AS compliant,
    coalesce(sum(t.incompliant), 0) AS incompliant,
    coalesce(sum(t.inapplicable), 0) AS inapplicable,
    coalesce(sum(t.undetermined), 0) AS undetermined,
    report.percent(sum(t.compliant), sum(t.incompliant)) AS compliance_percent,
    a.name AS account_name,
    a.partition,
    coalesce(sum(t.excepted), 0)::bigint AS excepted,
    coalesce(sum(t.undetermined_excepted), 0)::bigint AS undetermined_excepted,
    report.percent(sum(t.compliant), sum(t.incompliant) - coalesce(sum(t.excepted), 0))
        AS compliance_percent_with_exceptions
FROM held AS t
JOIN compliance.policy AS p ON p.policy_key = t.policy_key
JOIN cmdb.account_region AS ar ON ar.account_region_id = t.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key
JOIN (
    SELECT policy_key, max(as_of) AS as_of FROM compliance.evaluation GROUP BY policy_key
) AS l ON l.policy_key = t.policy_key
-- A count that began on a day and ended on a later one held at the end of all these days but the last.
CROSS JOIN LATERAL generate_series(
    date_trunc('day', t.valid_from AT TIME ZONE 'UTC'),
    least(
        date_trunc('day', t.valid_to AT TIME ZONE 'UTC') - interval '1 day',
        date_trunc('day', l.as_of AT TIME ZONE 'UTC')
    ),
    interval '1 day'
) AS d (day)
GROUP BY d.day, p.policy_key, p.policy_id, ar.account_region_id, ar.region, a.account_key, a.account_id,
    a.name, a.partition;

COMMENT ON VIEW report.compliance_daily IS 'One row per UTC day, policy, account and region: how its items stood at the end of the day, from the policy''s first evaluation to the day of its last.';
COMMENT ON COLUMN report.compliance_daily.day IS 'The UTC day; what held at its end. A day without a run shows the state that held.';
COMMENT ON COLUMN report.compliance_daily.policy_id IS 'Id of the policy.';
COMMENT ON COLUMN report.compliance_daily.account_id IS 'AWS account id.';
COMMENT ON COLUMN report.compliance_daily.region IS 'AWS region.';
COMMENT ON COLUMN report.compliance_daily.compliant IS 'Items that were COMPLIANT.';
COMMENT ON COLUMN report.compliance_daily.incompliant IS 'Items that were INCOMPLIANT.';
COMMENT ON COLUMN report.compliance_daily.inapplicable IS 'Items that were INAPPLICABLE.';
COMMENT ON COLUMN report.compliance_daily.undetermined IS 'Items that were UNDETERMINED; to be read beside the percentage.';
COMMENT ON COLUMN report.compliance_daily.compliance_percent IS 'compliant / (compliant + incompliant), in percent with two decimals; null when there was neither.';
COMMENT ON COLUMN report.compliance_daily.account_name IS 'Name of the account today; null when it was never told.';
COMMENT ON COLUMN report.compliance_daily.partition IS 'AWS partition.';
COMMENT ON COLUMN report.compliance_daily.excepted IS 'Of the INCOMPLIANT ones, those that an exception covered.';
COMMENT ON COLUMN report.compliance_daily.undetermined_excepted IS 'Of the UNDETERMINED ones, those that an exception covered.';
COMMENT ON COLUMN report.compliance_daily.compliance_percent_with_exceptions IS 'compliant / (compliant + incompliant - excepted), in percent with two decimals; null when there is neither.';

-- Compliance at the end of every UTC day, by policy, account and region; a day without a run shows what held.
CREATE VIEW report.compliance_daily AS
SELECT
    d.day::date AS day,
    p.policy_id,
    a.account_id,
    ar.region,
    coalesce(sum(t.items) FILTER (WHERE c.status = 'COMPLIANT'), 0) AS compliant,
    coalesce(sum(t.items) FILTER (WHERE c.status = 'INCOMPLIANT'), 0) AS incompliant,
    coalesce(sum(t.items) FILTER (WHERE c.status = 'INAPPLICABLE'), 0) AS inapplicable,
    coalesce(sum(t.items) FILTER (WHERE c.status = 'UNDETERMINED'), 0) AS undetermined,
    report.percent(
        sum(t.items) FILTER (WHERE c.status = 'COMPLIANT'),
        sum(t.items) FILTER (WHERE c.status = 'INCOMPLIANT')
    ) AS compliance_percent,
    a.name AS account_name,
    a.partition
FROM compliance.tally AS t
JOIN compliance.condition AS c ON c.condition_key = t.condition_key
JOIN compliance.policy AS p ON p.policy_key = t.policy_key
JOIN cmdb.account_region AS ar ON ar.account_region_id = t.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key
JOIN (
    SELECT policy_key, max(as_of) AS as_of FROM compliance.evaluation GROUP BY policy_key
) AS l ON l.policy_key = t.policy_key
-- A count that began on a day and ended on a later one held at the end of all these days but the last.
CROSS JOIN LATERAL generate_series(
    date_trunc('day', t.valid_from AT TIME ZONE 'UTC'),
    coalesce(
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

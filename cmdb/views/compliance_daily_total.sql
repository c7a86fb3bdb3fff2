-- Compliance of the whole estate at the end of every UTC day, by policy; running sums of what changed.
CREATE VIEW report.compliance_daily_total AS
WITH changed AS (
    SELECT
        t.policy_key,
        date_trunc('day', t.changed_at AT TIME ZONE 'UTC') AS day,
        sum(t.items) FILTER (WHERE c.status = 'COMPLIANT') AS compliant,
        sum(t.items) FILTER (WHERE c.status = 'INCOMPLIANT') AS incompliant,
        sum(t.items) FILTER (WHERE c.status = 'INAPPLICABLE') AS inapplicable,
        sum(t.items) FILTER (WHERE c.status = 'UNDETERMINED') AS undetermined
    FROM compliance.tally_change AS t
    JOIN compliance.condition AS c ON c.condition_key = t.condition_key
    GROUP BY 1, 2
),
excepted_changed AS (
    SELECT policy_key, date_trunc('day', changed_at AT TIME ZONE 'UTC') AS day,
           sum(items) FILTER (WHERE status = 'INCOMPLIANT') AS excepted,
           sum(items) FILTER (WHERE status = 'UNDETERMINED') AS undetermined_excepted
    FROM report.excepted_change
    GROUP BY 1, 2
),
-- From the first count that is kept: an evaluation of no stages at all, or one past retention, has none.
calendar AS (
    SELECT e.policy_key, d.day
    FROM (
        SELECT policy_key, max(date_trunc('day', as_of AT TIME ZONE 'UTC')) AS last_day
        FROM compliance.evaluation
        GROUP BY policy_key
    ) AS e
    JOIN (SELECT policy_key, min(day) AS first_day FROM changed GROUP BY policy_key) AS f
        ON f.policy_key = e.policy_key
    CROSS JOIN LATERAL generate_series(f.first_day, e.last_day, interval '1 day') AS d (day)
),
held AS (
    SELECT
        k.policy_key,
        k.day,
        sum(coalesce(c.compliant, 0)) OVER w AS compliant,
        sum(coalesce(c.incompliant, 0)) OVER w AS incompliant,
        sum(coalesce(c.inapplicable, 0)) OVER w AS inapplicable,
        sum(coalesce(c.undetermined, 0)) OVER w AS undetermined,
        sum(coalesce(x.excepted, 0)) OVER w AS excepted,
        sum(coalesce(x.undetermined_excepted, 0)) OVER w AS undetermined_excepted
    FROM calendar AS k
    LEFT JOIN changed AS c ON c.policy_key = k.policy_key AND c.day = k.day
    LEFT JOIN excepted_changed AS x ON x.policy_key = k.policy_key AND x.day = k.day
    WINDOW w AS (PARTITION BY k.policy_key ORDER BY k.day)
)
SELECT
    h.day::date AS day,
    p.policy_id,
    h.compliant::bigint AS compliant,
    h.incompliant::bigint AS incompliant,
    h.inapplicable::bigint AS inapplicable,
    h.undetermined::bigint AS undetermined,
    report.percent(h.compliant, h.incompliant) AS compliance_percent,
    h.excepted::bigint AS excepted,
    h.undetermined_excepted::bigint AS undetermined_excepted,
    report.percent(h.compliant, h.incompliant - h.excepted) AS compliance_percent_with_exceptions
FROM held AS h
JOIN compliance.policy AS p ON p.policy_key = h.policy_key;

COMMENT ON VIEW report.compliance_daily_total IS 'One row per UTC day and policy: compliance_daily summed over all accounts and regions, prepared so that a year of a large estate answers at once.';
COMMENT ON COLUMN report.compliance_daily_total.day IS 'The UTC day; what held at its end. A day without a run shows the state that held.';
COMMENT ON COLUMN report.compliance_daily_total.policy_id IS 'Id of the policy.';
COMMENT ON COLUMN report.compliance_daily_total.compliant IS 'Items that were COMPLIANT.';
COMMENT ON COLUMN report.compliance_daily_total.incompliant IS 'Items that were INCOMPLIANT.';
COMMENT ON COLUMN report.compliance_daily_total.inapplicable IS 'Items that were INAPPLICABLE.';
COMMENT ON COLUMN report.compliance_daily_total.undetermined IS 'Items that were UNDETERMINED; to be read beside the percentage.';
COMMENT ON COLUMN report.compliance_daily_total.compliance_percent IS 'compliant / (compliant + incompliant), in percent with two decimals; null when there was neither.';
COMMENT ON COLUMN report.compliance_daily_total.excepted IS 'Of the INCOMPLIANT ones, those that an exception covered.';
COMMENT ON COLUMN report.compliance_daily_total.undetermined_excepted IS 'Of the UNDETERMINED ones, those that an exception covered.';
COMMENT ON COLUMN report.compliance_daily_total.compliance_percent_with_exceptions IS 'compliant / (compliant + incompliant - excepted), in percent with two decimals; null when there is neither.';

-- Compliance of every owner's items at the end of every UTC day, by policy; running sums of what changed.
CREATE VIEW report.compliance_daily_owner AS
WITH changed AS (
    SELECT
        policy_key,
        owner_key,
        date_trunc('day', changed_at AT TIME ZONE 'UTC') AS day,
        sum(items) FILTER (WHERE status = 'COMPLIANT' AND NOT is_excepted) AS compliant,
        sum(items) FILTER (WHERE status = 'INCOMPLIANT' AND NOT is_excepted) AS incompliant,
        sum(items) FILTER (WHERE status = 'INAPPLICABLE' AND NOT is_excepted) AS inapplicable,
        sum(items) FILTER (WHERE status = 'UNDETERMINED' AND NOT is_excepted) AS undetermined,
        sum(items) FILTER (WHERE status = 'INCOMPLIANT' AND is_excepted) AS excepted,
        sum(items) FILTER (WHERE status = 'UNDETERMINED' AND is_excepted) AS undetermined_excepted
    FROM report.owner_change
    GROUP BY 1, 2, 3
),
calendar AS (
    SELECT f.policy_key, f.owner_key, d.day
    FROM (SELECT policy_key, owner_key, min(day) AS first_day FROM changed GROUP BY 1, 2) AS f
    JOIN (
        SELECT policy_key, max(date_trunc('day', as_of AT TIME ZONE 'UTC')) AS last_day
        FROM compliance.evaluation
        GROUP BY policy_key
    ) AS e ON e.policy_key = f.policy_key
    CROSS JOIN LATERAL generate_series(f.first_day, e.last_day, interval '1 day') AS d (day)
),
held AS (
    SELECT
        k.policy_key,
        k.owner_key,
        k.day::date AS day,
        sum(coalesce(c.compliant, 0)) OVER w AS compliant,
        sum(coalesce(c.incompliant, 0)) OVER w AS incompliant,
        sum(coalesce(c.inapplicable, 0)) OVER w AS inapplicable,
        sum(coalesce(c.undetermined, 0)) OVER w AS undetermined,
        sum(coalesce(c.excepted, 0)) OVER w AS excepted,
        sum(coalesce(c.undetermined_excepted, 0)) OVER w AS undetermined_excepted
    FROM calendar AS k
    LEFT JOIN changed AS c ON c.policy_key = k.policy_key AND c.owner_key = k.owner_key AND c.day = k.day
    WINDOW w AS (PARTITION BY k.policy_key, k.owner_key ORDER BY k.day)
),
-- What no owner has is what all have less what owners have.
everybody AS (
    SELECT h.day, p.policy_id, o.name AS owner, h.compliant, h.incompliant, h.inapplicable, h.undetermined,
           h.excepted, h.undetermined_excepted
    FROM held AS h
    JOIN compliance.policy AS p ON p.policy_key = h.policy_key
    JOIN compliance.owner AS o ON o.owner_key = h.owner_key
    UNION ALL
    SELECT t.day, t.policy_id, NULL, t.compliant - coalesce(h.compliant, 0),
           t.incompliant - coalesce(h.incompliant, 0), t.inapplicable - coalesce(h.inapplicable, 0),
           t.undetermined - coalesce(h.undetermined, 0), t.excepted - coalesce(h.excepted, 0),
           t.undetermined_excepted - coalesce(h.undetermined_excepted, 0)
    FROM report.compliance_daily_total AS t
    JOIN compliance.policy AS p ON p.policy_id = t.policy_id
    LEFT JOIN (
        SELECT day, policy_key, sum(compliant) AS compliant, sum(incompliant) AS incompliant,
               sum(inapplicable) AS inapplicable, sum(undetermined) AS undetermined,
               sum(excepted) AS excepted, sum(undetermined_excepted) AS undetermined_excepted
        FROM held
        GROUP BY day, policy_key
    ) AS h ON h.day = t.day AND h.policy_key = p.policy_key
)
SELECT
    e.day,
    e.policy_id,
    e.owner,
    e.compliant::bigint AS compliant,
    e.incompliant::bigint AS incompliant,
    e.inapplicable::bigint AS inapplicable,
    e.undetermined::bigint AS undetermined,
    report.percent(e.compliant, e.incompliant) AS compliance_percent,
    e.excepted::bigint AS excepted,
    e.undetermined_excepted::bigint AS undetermined_excepted,
    report.percent(e.compliant, e.incompliant - e.excepted) AS compliance_percent_with_exceptions
FROM everybody AS e
JOIN compliance.owner_resolution AS r ON e.day >= (r.known_from AT TIME ZONE 'UTC')::date
WHERE e.compliant + e.incompliant + e.inapplicable + e.undetermined > 0;

COMMENT ON VIEW report.compliance_daily_owner IS 'One row per UTC day, policy and owner, as of then: how the items stood at the end of the day; from the day on which owners were first found, or from which history is kept.';
COMMENT ON COLUMN report.compliance_daily_owner.day IS 'The UTC day; what held at its end. A day without a run shows the state that held.';
COMMENT ON COLUMN report.compliance_daily_owner.policy_id IS 'Id of the policy.';
COMMENT ON COLUMN report.compliance_daily_owner.owner IS 'Who owned the items then; null: no owner was known.';
COMMENT ON COLUMN report.compliance_daily_owner.compliant IS 'Items that were COMPLIANT.';
COMMENT ON COLUMN report.compliance_daily_owner.incompliant IS 'Items that were INCOMPLIANT.';
COMMENT ON COLUMN report.compliance_daily_owner.inapplicable IS 'Items that were INAPPLICABLE.';
COMMENT ON COLUMN report.compliance_daily_owner.undetermined IS 'Items that were UNDETERMINED; to be read beside the percentage.';
COMMENT ON COLUMN report.compliance_daily_owner.compliance_percent IS 'compliant / (compliant + incompliant), in percent with two decimals; null when there was neither.';
COMMENT ON COLUMN report.compliance_daily_owner.excepted IS 'Of the INCOMPLIANT ones, those that an exception covered.';
COMMENT ON COLUMN report.compliance_daily_owner.undetermined_excepted IS 'Of the UNDETERMINED ones, those that an exception covered.';
COMMENT ON COLUMN report.compliance_daily_owner.compliance_percent_with_exceptions IS 'compliant / (compliant + incompliant - excepted), in percent with two decimals; null when there is neither.';

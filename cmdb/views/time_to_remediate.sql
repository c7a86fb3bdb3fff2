-- How long incompliant episodes last until they are remediated, and how many go on.
CREATE VIEW report.time_to_remediate AS
SELECT
    n.policy_id,
    n.account_id,
    n.remediated,
    round((n.minutes[1] / 1440)::numeric, 2) AS median_days,
    round((n.minutes[2] / 1440)::numeric, 2) AS p90_days,
    n.still_open,
    n.oldest_open_days,
    n.mean_days,
    n.account_name,
    n.partition,
    n.excepted,
    n.oldest_open_since
FROM (
    SELECT
        p.policy_id,
        a.account_id,
        coalesce(sum(e.episodes), 0) AS remediated,
        report.weighted_percentiles(
            array_agg(e.minutes) FILTER (WHERE e.minutes IS NOT NULL),
            array_agg(e.episodes) FILTER (WHERE e.minutes IS NOT NULL),
            '{0.5,0.9}'
        ) AS minutes,
        coalesce(sum(e.still_open), 0)::bigint AS still_open,
        round(extract(epoch FROM max(l.as_of) - min(e.oldest)) / 86400, 2) AS oldest_open_days,
        round(sum(e.minutes::bigint * e.episodes)::numeric / sum(e.episodes) / 1440, 2) AS mean_days,
        a.name AS account_name,
        a.partition,
        coalesce(sum(e.excepted), 0)::bigint AS excepted,
        min(e.oldest) AS oldest_open_since
    FROM (
        SELECT policy_key, account_key, minutes, episodes, NULL::bigint AS still_open,
               NULL::timestamptz AS oldest, NULL::bigint AS excepted
        FROM compliance.remediation
        UNION ALL
        SELECT o.policy_key, ar.account_key, NULL, NULL, o.still_open, o.oldest, NULL
        FROM (
            SELECT r.policy_key, s.account_region_id, count(*) AS still_open, min(r.episode_since) AS oldest
            FROM compliance.record AS r
            JOIN report.item_region AS s ON s.item_id = r.item_id
            WHERE r.episode_since IS NOT NULL
            GROUP BY r.policy_key, s.account_region_id
        ) AS o
        JOIN cmdb.account_region AS ar ON ar.account_region_id = o.account_region_id
        UNION ALL
        SELECT x.policy_key, ar.account_key, NULL, NULL, NULL, NULL, count(*)
        FROM report.excepted AS x
        JOIN cmdb.account_region AS ar ON ar.account_region_id = x.account_region_id
        WHERE x.episode_since IS NOT NULL
        GROUP BY x.policy_key, ar.account_key
    ) AS e
    JOIN compliance.policy AS p ON p.policy_key = e.policy_key
    JOIN cmdb.account AS a ON a.account_key = e.account_key
    LEFT JOIN (
        SELECT policy_key, max(as_of) AS as_of FROM compliance.evaluation GROUP BY policy_key
    ) AS l ON l.policy_key = e.policy_key
    GROUP BY p.policy_key, p.policy_id, a.account_key, a.account_id, a.name, a.partition
) AS n;

COMMENT ON VIEW report.time_to_remediate IS 'One row per policy and account that ever had an incompliant item which was remediated or still is so: how long it takes until items are COMPLIANT again.';
COMMENT ON COLUMN report.time_to_remediate.policy_id IS 'Id of the policy.';
COMMENT ON COLUMN report.time_to_remediate.account_id IS 'AWS account id.';
COMMENT ON COLUMN report.time_to_remediate.remediated IS 'Incompliant episodes that ended in COMPLIANT; those whose item disappeared or became inapplicable are not remediated.';
COMMENT ON COLUMN report.time_to_remediate.median_days IS 'Median length in days of the remediated episodes; null when there is none.';
COMMENT ON COLUMN report.time_to_remediate.p90_days IS 'Days within which nine of ten remediated episodes ended; null when there is none.';
COMMENT ON COLUMN report.time_to_remediate.still_open IS 'Episodes that go on.';
COMMENT ON COLUMN report.time_to_remediate.oldest_open_days IS 'Days from the start of the oldest episode that goes on to the policy''s last evaluation; null when none does.';
COMMENT ON COLUMN report.time_to_remediate.mean_days IS 'Mean length in days of the remediated episodes; null when there is none.';
COMMENT ON COLUMN report.time_to_remediate.account_name IS 'Name of the account today; null when it was never told.';
COMMENT ON COLUMN report.time_to_remediate.partition IS 'AWS partition.';
COMMENT ON COLUMN report.time_to_remediate.excepted IS 'Of the episodes that go on, those whose finding an exception covers now.';
COMMENT ON COLUMN report.time_to_remediate.oldest_open_since IS 'When the oldest episode began that goes on; null when none does.';

-- How long incompliant episodes of owners' items last until they are remediated, and how many go on.
CREATE VIEW report.time_to_remediate_owner AS
SELECT
    n.policy_id,
    n.owner,
    n.remediated,
    round((n.minutes[1] / 1440)::numeric, 2) AS median_days,
    round((n.minutes[2] / 1440)::numeric, 2) AS p90_days,
    n.still_open,
    n.oldest_open_days,
    n.mean_days,
    n.excepted
FROM (
    SELECT
        p.policy_id,
        w.name AS owner,
        coalesce(sum(e.episodes), 0)::bigint AS remediated,
        report.weighted_percentiles(
            array_agg(e.minutes) FILTER (WHERE e.minutes IS NOT NULL),
            array_agg(e.episodes::integer) FILTER (WHERE e.minutes IS NOT NULL),
            '{0.5,0.9}'
        ) AS minutes,
        coalesce(sum(e.still_open), 0)::bigint AS still_open,
        round(extract(epoch FROM max(l.as_of) - min(e.oldest)) / 86400, 2) AS oldest_open_days,
        round(sum(e.minutes::bigint * e.episodes)::numeric / sum(e.episodes) / 1440, 2) AS mean_days,
        coalesce(sum(e.excepted), 0)::bigint AS excepted
    FROM (
        SELECT d.policy_key, x.owner_key,
               round(extract(epoch FROM d.ended_at - d.started_at) / 60)::integer AS minutes,
               count(*) AS episodes, NULL::bigint AS still_open, NULL::timestamptz AS oldest,
               NULL::bigint AS excepted
        FROM compliance.episode AS d
        LEFT JOIN report.item_owner AS x
            ON x.item_id = d.item_id AND x.valid_from <= d.ended_at
            AND coalesce(x.valid_to, 'infinity') > d.ended_at
        WHERE d.outcome = 'COMPLIANT'
        GROUP BY 1, 2, 3
        UNION ALL
        SELECT r.policy_key, x.owner_key, NULL, NULL, count(*), min(r.episode_since), count(c.item_id)
        FROM compliance.record AS r
        LEFT JOIN compliance.item_owner AS x ON x.item_id = r.item_id
        LEFT JOIN report.excepted AS c ON c.policy_key = r.policy_key AND c.item_id = r.item_id
        WHERE r.episode_since IS NOT NULL
        GROUP BY r.policy_key, x.owner_key
    ) AS e
    JOIN compliance.policy AS p ON p.policy_key = e.policy_key
    LEFT JOIN compliance.owner AS w ON w.owner_key = e.owner_key
    LEFT JOIN (
        SELECT policy_key, max(as_of) AS as_of FROM compliance.evaluation GROUP BY policy_key
    ) AS l ON l.policy_key = e.policy_key
    GROUP BY p.policy_key, p.policy_id, w.owner_key, w.name
) AS n;

COMMENT ON VIEW report.time_to_remediate_owner IS 'One row per policy and owner that ever had an incompliant item which was remediated or still is so: how long it takes until items are COMPLIANT again.';
COMMENT ON COLUMN report.time_to_remediate_owner.policy_id IS 'Id of the policy.';
COMMENT ON COLUMN report.time_to_remediate_owner.owner IS 'Who owned the items when the episodes ended, or owns them now; null: no owner was known.';
COMMENT ON COLUMN report.time_to_remediate_owner.remediated IS 'Incompliant episodes that ended in COMPLIANT.';
COMMENT ON COLUMN report.time_to_remediate_owner.median_days IS 'Median length of those, in days; null: there are none.';
COMMENT ON COLUMN report.time_to_remediate_owner.p90_days IS 'Length within which 90 of 100 of those ended, in days; null: there are none.';
COMMENT ON COLUMN report.time_to_remediate_owner.still_open IS 'Incompliant episodes that go on.';
COMMENT ON COLUMN report.time_to_remediate_owner.oldest_open_days IS 'Age of the oldest of those, in days; null: there are none.';
COMMENT ON COLUMN report.time_to_remediate_owner.mean_days IS 'Mean length of the remediated ones, in days; null: there are none.';
COMMENT ON COLUMN report.time_to_remediate_owner.excepted IS 'Of the episodes that go on, those that an exception covers.';

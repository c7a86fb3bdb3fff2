-- Findings of some owners to act on first, those that exceptions cover left out; texts are made for these alone.
WITH open AS MATERIALIZED (
    SELECT owner, policy_id, item_id, status, severity, coalesce(episode_since, since) AS since
    FROM report.finding
    -- As a CASE, which the planner takes for half of all: for a handful it would loop over all items for each.
    WHERE CASE WHEN status IN ('INCOMPLIANT', 'UNDETERMINED') THEN exception_id IS NULL ELSE false END
),
listed AS MATERIALIZED (
    SELECT policy_id, item_id, place
    FROM (
        SELECT o.policy_id, o.item_id,
               row_number() OVER (
                   PARTITION BY o.owner
                   ORDER BY o.status, report.severity_place(o.severity), o.since,
                            (SELECT -x.exposure FROM report.exposure AS x WHERE x.item_id = o.item_id) NULLS LAST,
                            o.item_id, o.policy_id
               ) AS place
        FROM open AS o
        WHERE o.owner = ANY (%(owners)s)
    ) AS ranked
    WHERE place <= %(limit)s
)
SELECT f.owner, f.policy_id, f.account_id, f.account_name, f.region, f.rest_api_id, f.rest_api_name, f.stage_name,
       f.status, f.condition, f.message, f.severity, coalesce(f.episode_since, f.since) AS since,
       e.is_public, e.has_web_acl, e.open_methods, f.resource_arn, f.item_type
FROM listed
CROSS JOIN LATERAL (
    SELECT owner, policy_id, item_id, account_id, account_name, region, rest_api_id, rest_api_name, stage_name,
           status, condition, message, severity, episode_since, since, resource_arn, item_type
    FROM report.finding
    WHERE policy_id = listed.policy_id AND item_id = listed.item_id
    OFFSET 0
) AS f
LEFT JOIN LATERAL (
    SELECT is_public, has_web_acl, open_methods FROM report.exposure WHERE item_id = listed.item_id OFFSET 0
) AS e ON true
ORDER BY f.owner, listed.place

-- Findings of some owners to act on first, those that exceptions cover left out; texts are made for these alone.
SELECT f.owner, f.policy_id, f.account_id, f.account_name, f.region, f.rest_api_id, f.rest_api_name, f.stage_name,
       f.status, f.condition, f.message, f.severity, coalesce(f.episode_since, f.since) AS since,
       e.is_public, e.has_web_acl, e.open_methods
FROM (
    SELECT o.owner, o.policy_id, o.item_id, o.status,
           row_number() OVER (
               PARTITION BY o.owner
               ORDER BY o.status, report.severity_place(o.severity), coalesce(o.episode_since, o.since),
                        x.exposure DESC NULLS LAST, o.item_id, o.policy_id
           ) AS place
    FROM report.finding AS o
    LEFT JOIN report.exposure AS x ON x.item_id = o.item_id
    WHERE o.status IN ('INCOMPLIANT', 'UNDETERMINED') AND o.owner = ANY (%(owners)s) AND o.exception_id IS NULL
) AS listed
CROSS JOIN LATERAL (
    SELECT owner, policy_id, item_id, account_id, account_name, region, rest_api_id, rest_api_name, stage_name,
           status, condition, message, severity, episode_since, since
    FROM report.finding
    WHERE policy_id = listed.policy_id AND item_id = listed.item_id
    OFFSET 0
) AS f
LEFT JOIN report.exposure AS e ON e.item_id = f.item_id
WHERE listed.place <= %(limit)s
ORDER BY f.owner, listed.place

-- Episodes that ended.
INSERT INTO compliance.episode (policy_key, item_id, started_at, ended_at, account_region_id, outcome)
SELECT %(policy_key)s, e.item_id, e.episode_before, e.valid_from, e.account_region_id, e.status
FROM (
    SELECT i.item_id, i.valid_from, i.account_region_id, i.status,
           lag(i.episode_since) OVER (PARTITION BY i.item_id ORDER BY i.n) AS episode_before
    FROM island AS i
) AS e
WHERE e.episode_before IS NOT NULL AND e.status IN ('COMPLIANT', 'INAPPLICABLE', 'DISAPPEARED')

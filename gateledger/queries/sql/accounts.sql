-- Accounts that were ever collected: whether the last run entered them, what it could not read there, what is known.
SELECT a.account_id, a.partition, a.name, a.state,
       CASE WHEN a.retired_at IS NOT NULL THEN 'retired' ELSE sc.status END AS status,
       count(DISTINCT ar.region) FILTER (WHERE ar.region <> 'global' AND ar.is_read) AS regions,
       coalesce(sum(ar.stages), 0)::bigint AS stages,
       CASE WHEN a.retired_at IS NULL THEN coalesce(sum(ar.scopes_failed), 0)::bigint ELSE 0 END AS scopes_failed,
       max(ar.last_success_at) AS last_success_at, a.retired_at,
       CASE WHEN a.retired_at IS NULL THEN sc.error END AS error
FROM cmdb.account AS a
LEFT JOIN (
    SELECT r.account_key, r.account_region_id, r.region,
           bool_or(s.status IN ('complete', 'partial')) AS is_read,
           count(*) FILTER (
               WHERE s.status IN ('failed', 'partial') AND s.failure_kind IS DISTINCT FROM 'denied_accepted'
           ) AS scopes_failed,
           max(s.last_success_at) FILTER (WHERE s.item_type = 'stage') AS last_success_at,
           (SELECT count(*) FROM cmdb.stage AS t
            WHERE t.account_region_id = r.account_region_id AND t.valid_to IS NULL) AS stages
    FROM cmdb.account_region AS r
    LEFT JOIN cmdb.scope AS s ON s.account_region_id = r.account_region_id
    GROUP BY r.account_key, r.account_region_id, r.region
) AS ar ON ar.account_key = a.account_key
LEFT JOIN cmdb.account_region AS g ON g.account_key = a.account_key AND g.region = 'global'
LEFT JOIN cmdb.scope AS sc ON sc.account_region_id = g.account_region_id AND sc.item_type = 'account'
GROUP BY a.account_key, a.account_id, a.partition, a.name, a.state, a.retired_at, sc.status, sc.error
ORDER BY a.retired_at IS NOT NULL, a.partition, a.account_id

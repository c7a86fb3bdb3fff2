-- What a collection would find by what is known: one row per REST API, and one for a region without any.
-- Where accounts are not named, those are meant that the last run read that was done; one that failed read nothing.
WITH region AS (
    SELECT ar.account_region_id, a.partition, a.account_id, ar.region
    FROM cmdb.account_region AS ar
    JOIN cmdb.account AS a ON a.account_key = ar.account_key
    WHERE ar.region <> 'global' AND a.retired_at IS NULL
      AND (%(accounts)s::text[] IS NULL OR a.account_id = ANY(%(accounts)s))
      AND (%(regions)s::text[] IS NULL OR ar.region = ANY(%(regions)s))
      AND EXISTS (
          SELECT FROM cmdb.scope AS sc
          WHERE sc.account_region_id = ar.account_region_id AND sc.item_type = 'rest_api'
            AND sc.status <> 'skipped' AND sc.failure_kind IS DISTINCT FROM 'account_left'
            AND (sc.status <> 'uncollected' OR %(accounts)s::text[] IS NOT NULL OR sc.last_attempt_at >= (
                SELECT max(as_of) FROM cmdb.run
                WHERE kind IN ('run', 'collect') AND status IN ('complete', 'incomplete')
            ))
      )
),
certificate AS (
    SELECT account_region_id, count(*) AS listed
    FROM cmdb.certificate
    WHERE kind = 'API_GATEWAY' AND valid_to IS NULL
    GROUP BY account_region_id
),
named AS (
    SELECT n.account_region_id,
           count(*) FILTER (WHERE n.is_acm) AS acm,
           count(*) FILTER (
               WHERE NOT n.is_acm AND NOT EXISTS (
                   SELECT FROM cmdb.certificate AS c
                   WHERE c.account_region_id = n.account_region_id AND c.certificate_id = n.certificate_id
                     AND (c.valid_to IS NULL OR c.proven_absent)
               )
           ) AS looked_up
    FROM (
        SELECT DISTINCT account_region_id, client_certificate_id AS certificate_id,
               client_certificate_id LIKE 'arn:%%:acm:%%' AS is_acm
        FROM (
            SELECT account_region_id, client_certificate_id
            FROM cmdb.stage
            WHERE valid_to IS NULL AND btrim(client_certificate_id) <> ''
            UNION ALL
            SELECT account_region_id, client_certificate_id
            FROM cmdb.api_stage
            WHERE valid_to IS NULL AND btrim(client_certificate_id) <> ''
        ) AS s
    ) AS n
    GROUP BY n.account_region_id
),
unknown AS (
    SELECT s.parent_id, count(DISTINCT s.deployment_id) AS deployments
    FROM cmdb.stage AS s
    WHERE s.valid_to IS NULL
      AND NOT EXISTS (
          SELECT FROM cmdb.deployment AS d
          WHERE d.account_region_id = s.account_region_id AND d.parent_id = s.parent_id
            AND d.deployment_id = s.deployment_id AND d.valid_to IS NULL
      )
    GROUP BY s.parent_id
)
SELECT r.partition, r.account_id, r.region, coalesce(c.listed, 0) AS client_certificates,
       coalesce(n.looked_up, 0) AS looked_up, coalesce(n.acm, 0) AS acm_certificates,
       api.rest_api_id, CASE WHEN api.is_private AND NOT %(private_definitions)s THEN 0 ELSE coalesce(u.deployments, 0) END AS unknown_deployments
FROM region AS r
LEFT JOIN certificate AS c ON c.account_region_id = r.account_region_id
LEFT JOIN named AS n ON n.account_region_id = r.account_region_id
LEFT JOIN cmdb.rest_api AS api ON api.account_region_id = r.account_region_id AND api.valid_to IS NULL
LEFT JOIN unknown AS u ON u.parent_id = api.item_id
ORDER BY r.partition, r.account_id, r.region

-- The versions that a verdict on one stage rests on, and when each was last read by then.
WITH {relations},
verdict AS (
    SELECT v.stage_version, v.rest_api_version, v.integration_version, v.certificate_version
    FROM ({logic}) AS v
    WHERE v.stage_id = %(stage_id)s
),
looked_at AS (
    SELECT s.stage_id, s.rest_api_key, s.account_region_id, s.client_certificate_id, s.read_at
    FROM stage AS s
    WHERE s.stage_id = %(stage_id)s
),
found AS (
    SELECT 1 AS place, 'stage' AS item, l.stage_id::text AS item_id, x.version_id, x.valid_from, x.valid_to,
           l.read_at,
           jsonb_build_object('deployment_id', x.deployment_id,
                              'client_certificate_id', x.client_certificate_id) AS facts
    FROM verdict AS v
    CROSS JOIN looked_at AS l
    CROSS JOIN LATERAL (
        SELECT version_id, valid_from, valid_to, deployment_id, client_certificate_id
        FROM cmdb.stage WHERE stage_id = l.stage_id
        UNION ALL
        SELECT version_id, valid_from, valid_to, deployment_id, client_certificate_id
        FROM cmdb.stage_closed WHERE stage_id = l.stage_id
    ) AS x
    WHERE x.version_id = v.stage_version
    UNION ALL
    SELECT 2, 'rest_api', a.rest_api_id, x.version_id, x.valid_from, x.valid_to,
           (SELECT sc.read_at FROM scope AS sc
            WHERE sc.account_region_id = l.account_region_id AND sc.item_type = 'rest_api'),
           jsonb_build_object('name', x.name, 'is_private', x.is_private)
    FROM verdict AS v
    CROSS JOIN looked_at AS l
    JOIN cmdb.rest_api AS a ON a.rest_api_key = l.rest_api_key
    CROSS JOIN LATERAL (
        SELECT version_id, valid_from, valid_to, name, is_private
        FROM cmdb.rest_api WHERE rest_api_key = l.rest_api_key
        UNION ALL
        SELECT version_id, valid_from, valid_to, name, is_private
        FROM cmdb.rest_api_closed WHERE rest_api_key = l.rest_api_key
    ) AS x
    WHERE x.version_id = v.rest_api_version
    UNION ALL
    -- Methods are read again only when something asks for it; an unchanged reading leaves only its latest time.
    SELECT 3, 'integration', a.rest_api_id, x.version_id, x.valid_from, x.valid_to,
           coalesce((SELECT m.read_at FROM cmdb.method_reading AS m
                     WHERE m.rest_api_key = l.rest_api_key AND m.read_at <= %(as_of)s), x.valid_from),
           jsonb_build_object('types', x.types)
    FROM verdict AS v
    CROSS JOIN looked_at AS l
    JOIN cmdb.rest_api AS a ON a.rest_api_key = l.rest_api_key
    CROSS JOIN LATERAL (
        SELECT version_id, valid_from, valid_to, types
        FROM cmdb.integration WHERE rest_api_key = l.rest_api_key
        UNION ALL
        SELECT version_id, valid_from, valid_to, types
        FROM cmdb.integration_closed WHERE rest_api_key = l.rest_api_key
    ) AS x
    WHERE x.version_id = v.integration_version
    UNION ALL
    SELECT 4, 'certificate', c.certificate_id, c.version_id, x.valid_from, x.valid_to, c.read_at,
           jsonb_build_object('kind', c.kind, 'created_at', c.created_at, 'expires_at', c.expires_at,
                              'absent_since', c.absent_since)
    FROM verdict AS v
    CROSS JOIN looked_at AS l
    JOIN certificate AS c
        ON c.account_region_id = l.account_region_id AND c.certificate_id = l.client_certificate_id
        AND c.version_id = v.certificate_version
    CROSS JOIN LATERAL (
        SELECT k.valid_from, k.valid_to FROM cmdb.certificate AS k WHERE k.version_id = c.version_id
        UNION ALL
        SELECT k.valid_from, k.valid_to FROM cmdb.certificate_closed AS k WHERE k.version_id = c.version_id
    ) AS x
)
SELECT f.item, f.item_id, f.version_id, f.valid_from, f.valid_to, f.read_at,
       (SELECT max(r.run_id) FROM cmdb.run AS r
        WHERE r.as_of = f.read_at AND r.kind IN ('run', 'collect')) AS run_id,
       f.facts
FROM found AS f
ORDER BY f.place

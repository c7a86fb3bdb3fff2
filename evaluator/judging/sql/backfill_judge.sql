-- Judge stages at the nights in moment, each by the versions and readings of its night.
INSERT INTO swept
    (stage_id, n, account_region_id, condition_key, recheck_at, stage_version, rest_api_version,
     integration_version, certificate_version)
WITH known_stage AS (
    SELECT m.n, w.as_of AS as_of, s.stage_id, s.version_id, s.account_region_id, s.rest_api_key, s.stage_name,
           s.deployment_id, s.client_certificate_id, s.certificate_named_at, s.disappeared_at,
           CASE WHEN u.rest_api_key IS NOT NULL THEN u.read_before
                WHEN sc.is_read THEN w.collected_at ELSE sc.read_before END AS read_at
    FROM moment AS m
    JOIN night AS w ON w.n = m.n
    JOIN old_stage AS s ON s.stage_id = m.stage_id AND s.first = m.first
    LEFT JOIN old_scope AS sc
        ON sc.account_region_id = s.account_region_id AND sc.item_type = 'stage'
        AND m.n >= sc.first AND m.n < sc.past
    LEFT JOIN old_unread AS u
        ON u.item_type = 'stage' AND u.rest_api_key = s.rest_api_key AND m.n >= u.first AND m.n < u.past
),
evidence AS (
    SELECT s.n AS night_n, s.as_of AS night_as_of, s.stage_id, s.version_id, s.account_region_id, s.rest_api_key,
           s.stage_name, s.deployment_id, s.client_certificate_id, s.certificate_named_at, s.disappeared_at,
           s.read_at,
           coalesce(s.read_at >= s.as_of - %(max_staleness)s::interval, false) AS is_fresh,
           a.rest_api_key AS api_key, a.version_id AS api_version, a.account_region_id AS api_region,
           a.rest_api_id AS api_id, a.name AS api_name, a.is_private AS api_is_private,
           i.rest_api_key AS integration_key, i.version_id AS integration_version, i.has_http, i.types,
           c.account_region_id AS certificate_region, c.certificate_id, c.kind AS certificate_kind,
           c.version_id AS certificate_version, c.created_at, c.expires_at, c.absent_since,
           CASE WHEN c.certificate_id IS NULL THEN NULL WHEN u.item_id IS NOT NULL THEN u.read_before
                WHEN sc.is_read THEN w.collected_at ELSE sc.read_before END AS certificate_read_at
    FROM known_stage AS s
    JOIN night AS w ON w.n = s.n
    LEFT JOIN old_api AS a ON a.rest_api_key = s.rest_api_key AND s.n >= a.first AND s.n < a.past
    LEFT JOIN old_integration AS i ON i.rest_api_key = s.rest_api_key AND s.n >= i.first AND s.n < i.past
    LEFT JOIN old_certificate AS c
        ON c.account_region_id = s.account_region_id AND c.certificate_id = s.client_certificate_id
        AND s.n >= c.first AND s.n < c.past
    LEFT JOIN old_scope AS sc
        ON sc.account_region_id = c.account_region_id
        AND sc.item_type = CASE c.kind WHEN 'ACM' THEN 'acm_certificate' ELSE 'client_certificate' END
        AND s.n >= sc.first AND s.n < sc.past
    LEFT JOIN old_unread AS u
        ON u.account_region_id = c.account_region_id AND u.item_id = c.certificate_id
        AND u.item_type IN ('client_certificate', 'acm_certificate') AND s.n >= u.first AND s.n < u.past
)
SELECT v.stage_id, v.night_n, v.account_region_id, v.condition, v.recheck_at, v.stage_version,
       v.rest_api_version, v.integration_version, v.certificate_version
FROM (
    {select}{recheck}, e.night_n
    FROM evidence AS e
    CROSS JOIN LATERAL (
        SELECT e.stage_id, e.version_id, e.account_region_id, e.rest_api_key, e.stage_name, e.deployment_id,
               e.client_certificate_id, e.certificate_named_at, e.disappeared_at, e.read_at, e.is_fresh
    ) AS {stage}
    CROSS JOIN LATERAL (
        SELECT e.api_key AS rest_api_key, e.api_version AS version_id, e.api_region AS account_region_id,
               e.api_id AS rest_api_id, e.api_name AS name, e.api_is_private AS is_private
    ) AS {rest_api}
    CROSS JOIN LATERAL (
        SELECT e.integration_key AS rest_api_key, e.integration_version AS version_id, e.has_http, e.types
    ) AS {integration}
    CROSS JOIN LATERAL (
        SELECT e.certificate_region AS account_region_id, e.certificate_id, e.certificate_kind AS kind,
               e.certificate_version AS version_id, e.created_at, e.expires_at, e.absent_since,
               e.certificate_read_at AS read_at,
               CASE WHEN e.certificate_id IS NOT NULL
                    THEN coalesce(e.certificate_read_at >= e.night_as_of - %(max_staleness)s::interval, false)
               END AS is_fresh
    ) AS {certificate}
) AS v

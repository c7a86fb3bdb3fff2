-- The relations that policies read, as the CMDB held them at a past time: same columns, same meaning.
last_collection AS NOT MATERIALIZED (
    SELECT max(r.as_of) AS as_of
    FROM cmdb.run AS r
    WHERE r.kind IN ('run', 'collect') AND r.as_of <= %(as_of)s::timestamptz
),
scope AS NOT MATERIALIZED (
    SELECT st.account_region_id, st.item_type, st.status, t.read_at,
           coalesce(t.read_at >= %(as_of)s::timestamptz - %(max_staleness)s::interval, false) AS is_fresh
    FROM cmdb.scope_state AS st
    CROSS JOIN last_collection AS l
    CROSS JOIN LATERAL (
        SELECT CASE WHEN st.status IN ('complete', 'partial') THEN l.as_of ELSE st.read_before END AS read_at
    ) AS t
    WHERE st.valid_from <= %(as_of)s::timestamptz
      AND (st.valid_to IS NULL OR st.valid_to > %(as_of)s::timestamptz)
),
unread AS NOT MATERIALIZED (
    SELECT u.account_region_id, u.item_type, u.item_id, u.read_before
    FROM cmdb.unread_item AS u
    WHERE u.valid_from <= %(as_of)s::timestamptz
      AND (u.valid_to IS NULL OR u.valid_to > %(as_of)s::timestamptz)
),
stage_then AS NOT MATERIALIZED (
    SELECT s.stage_id, s.version_id, s.account_region_id, s.rest_api_key, s.stage_name, s.deployment_id,
           s.client_certificate_id, s.certificate_named_at, s.valid_to
    FROM cmdb.stage AS s
    WHERE s.valid_from <= %(as_of)s::timestamptz
    UNION ALL
    SELECT s.stage_id, x.version_id, s.account_region_id, s.rest_api_key, s.stage_name, x.deployment_id,
           x.client_certificate_id, x.certificate_named_at, x.valid_to
    FROM cmdb.stage_closed AS x
    JOIN cmdb.stage AS s ON s.stage_id = x.stage_id
    WHERE x.valid_from <= %(as_of)s::timestamptz AND x.superseded_at > %(as_of)s::timestamptz
),
stage AS NOT MATERIALIZED (
    SELECT s.stage_id, s.version_id, s.account_region_id, s.rest_api_key, s.stage_name, s.deployment_id,
           s.client_certificate_id, s.certificate_named_at,
           CASE WHEN s.valid_to <= %(as_of)s::timestamptz THEN s.valid_to END AS disappeared_at,
           CASE WHEN u.rest_api_key IS NULL THEN sc.read_at ELSE u.read_before END AS read_at,
           coalesce(CASE WHEN u.rest_api_key IS NULL THEN sc.read_at ELSE u.read_before END
                    >= %(as_of)s::timestamptz - %(max_staleness)s::interval, false) AS is_fresh
    FROM stage_then AS s
    LEFT JOIN scope AS sc ON sc.account_region_id = s.account_region_id AND sc.item_type = 'stage'
    LEFT JOIN (
        SELECT api.rest_api_key, ui.read_before
        FROM unread AS ui
        JOIN cmdb.rest_api AS api
            ON api.account_region_id = ui.account_region_id AND api.rest_api_id = ui.item_id
        WHERE ui.item_type = 'stage'
    ) AS u ON u.rest_api_key = s.rest_api_key
),
rest_api AS NOT MATERIALIZED (
    SELECT a.rest_api_key, a.version_id, a.account_region_id, a.rest_api_id, a.name, a.is_private
    FROM cmdb.rest_api AS a
    WHERE a.valid_from <= %(as_of)s::timestamptz
    UNION ALL
    SELECT a.rest_api_key, x.version_id, a.account_region_id, a.rest_api_id, x.name, x.is_private
    FROM cmdb.rest_api_closed AS x
    JOIN cmdb.rest_api AS a ON a.rest_api_key = x.rest_api_key
    WHERE x.valid_from <= %(as_of)s::timestamptz AND x.superseded_at > %(as_of)s::timestamptz
),
integration AS NOT MATERIALIZED (
    SELECT i.rest_api_key, i.version_id, i.has_http, i.types
    FROM cmdb.integration AS i
    WHERE i.valid_from <= %(as_of)s::timestamptz
      AND (i.valid_to IS NULL OR i.valid_to > %(as_of)s::timestamptz)
    UNION ALL
    SELECT x.rest_api_key, x.version_id, x.has_http, x.types
    FROM cmdb.integration_closed AS x
    WHERE x.valid_from <= %(as_of)s::timestamptz AND x.valid_to > %(as_of)s::timestamptz
),
certificate_then AS NOT MATERIALIZED (
    SELECT c.account_region_id, c.certificate_id, c.kind, c.version_id, c.created_at, c.expires_at,
           CASE WHEN c.valid_to <= %(as_of)s::timestamptz THEN c.valid_to END AS ended_at, c.proven_absent
    FROM cmdb.certificate AS c
    WHERE c.valid_from <= %(as_of)s::timestamptz
    UNION ALL
    SELECT c.account_region_id, c.certificate_id, c.kind, x.version_id, x.created_at, x.expires_at,
           CASE WHEN x.valid_to <= %(as_of)s::timestamptz THEN x.valid_to END, x.proven_absent
    FROM cmdb.certificate_closed AS x
    JOIN cmdb.certificate AS c ON c.certificate_key = x.certificate_key
    WHERE x.valid_from <= %(as_of)s::timestamptz AND x.superseded_at > %(as_of)s::timestamptz
),
certificate AS NOT MATERIALIZED (
    SELECT c.account_region_id, c.certificate_id, c.kind, c.version_id, c.created_at, c.expires_at,
           c.ended_at AS absent_since,
           CASE WHEN u.item_id IS NULL THEN sc.read_at ELSE u.read_before END AS read_at,
           coalesce(CASE WHEN u.item_id IS NULL THEN sc.read_at ELSE u.read_before END
                    >= %(as_of)s::timestamptz - %(max_staleness)s::interval, false) AS is_fresh
    FROM certificate_then AS c
    LEFT JOIN scope AS sc
        ON sc.account_region_id = c.account_region_id
        AND sc.item_type = CASE c.kind WHEN 'ACM' THEN 'acm_certificate' ELSE 'client_certificate' END
    LEFT JOIN unread AS u
        ON u.account_region_id = c.account_region_id AND u.item_id = c.certificate_id
        AND u.item_type IN ('client_certificate', 'acm_certificate')
    WHERE c.ended_at IS NULL OR c.proven_absent
)

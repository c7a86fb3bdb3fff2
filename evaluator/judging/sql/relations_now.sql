-- The relations that policies read, as the CMDB holds them now; whatever a policy leaves out costs nothing.
scope AS NOT MATERIALIZED (
    SELECT sc.account_region_id, sc.item_type, sc.status, sc.read_at,
           coalesce(sc.read_at >= %(as_of)s::timestamptz - %(max_staleness)s::interval, false) AS is_fresh
    FROM cmdb.scope AS sc
),
stage AS NOT MATERIALIZED (
    SELECT s.stage_id, s.version_id, s.account_region_id, s.rest_api_key, s.stage_name, s.deployment_id,
           s.client_certificate_id, s.certificate_named_at, s.valid_to AS disappeared_at,
           CASE WHEN u.rest_api_key IS NULL THEN sc.read_at ELSE u.read_before END AS read_at,
           coalesce(CASE WHEN u.rest_api_key IS NULL THEN sc.read_at ELSE u.read_before END
                    >= %(as_of)s::timestamptz - %(max_staleness)s::interval, false) AS is_fresh
    FROM cmdb.stage AS s
    LEFT JOIN cmdb.scope AS sc ON sc.account_region_id = s.account_region_id AND sc.item_type = 'stage'
    LEFT JOIN (
        SELECT api.rest_api_key, ui.read_before
        FROM cmdb.unread_item AS ui
        JOIN cmdb.rest_api AS api
            ON api.account_region_id = ui.account_region_id AND api.rest_api_id = ui.item_id
        WHERE ui.item_type = 'stage' AND ui.valid_to IS NULL
    ) AS u ON u.rest_api_key = s.rest_api_key
),
rest_api AS NOT MATERIALIZED (
    SELECT a.rest_api_key, a.version_id, a.account_region_id, a.rest_api_id, a.name, a.is_private
    FROM cmdb.rest_api AS a
),
integration AS NOT MATERIALIZED (
    SELECT i.rest_api_key, i.version_id, i.has_http, i.types
    FROM cmdb.integration AS i
    WHERE i.valid_to IS NULL
),
certificate AS NOT MATERIALIZED (
    SELECT c.account_region_id, c.certificate_id, c.kind, c.version_id, c.created_at, c.expires_at,
           c.valid_to AS absent_since,
           CASE WHEN u.item_id IS NULL THEN sc.read_at ELSE u.read_before END AS read_at,
           coalesce(CASE WHEN u.item_id IS NULL THEN sc.read_at ELSE u.read_before END
                    >= %(as_of)s::timestamptz - %(max_staleness)s::interval, false) AS is_fresh
    FROM cmdb.certificate AS c
    LEFT JOIN cmdb.scope AS sc
        ON sc.account_region_id = c.account_region_id
        AND sc.item_type = CASE c.kind WHEN 'ACM' THEN 'acm_certificate' ELSE 'client_certificate' END
    LEFT JOIN cmdb.unread_item AS u
        ON u.account_region_id = c.account_region_id AND u.item_id = c.certificate_id
        AND u.item_type IN ('client_certificate', 'acm_certificate') AND u.valid_to IS NULL
    WHERE c.valid_to IS NULL OR c.proven_absent
)

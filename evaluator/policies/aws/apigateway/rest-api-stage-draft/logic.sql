-- Does the stage serve what its API's draft holds, or has it served something else for longer than the days allowed?
-- Methods are compared in what an export and GetResources both show; what one of them does not say is no difference.
SELECT
    CASE
        WHEN rest_api.is_private THEN 'private_endpoint'
        WHEN jsonb_typeof(deployment.methods) IS DISTINCT FROM 'array' THEN 'served_unknown'
        WHEN jsonb_typeof(draft.methods) IS DISTINCT FROM 'array'
            OR draft.disappeared_at IS NOT NULL
            OR NOT draft.is_fresh
            OR draft.read_at < stage.deployment_served_at
            THEN 'draft_unknown'
        WHEN NOT EXISTS (
            SELECT 1
            FROM jsonb_array_elements(CASE WHEN jsonb_typeof(deployment.methods) = 'array' THEN deployment.methods END) AS s (method)
            FULL JOIN jsonb_array_elements(CASE WHEN jsonb_typeof(draft.methods) = 'array' THEN draft.methods END) AS d (method)
                ON s.method ->> 'path' = d.method ->> 'path' AND s.method ->> 'verb' = d.method ->> 'verb'
            WHERE s.method IS NULL OR d.method IS NULL
                OR s.method ->> 'integration_type' IS DISTINCT FROM d.method ->> 'integration_type'
                OR s.method ->> 'uri_scheme' IS DISTINCT FROM d.method ->> 'uri_scheme'
                OR s.method ->> 'uri_host' IS DISTINCT FROM d.method ->> 'uri_host'
                OR coalesce(s.method ->> 'connection_type', 'INTERNET') <> coalesce(d.method ->> 'connection_type', 'INTERNET')
                OR coalesce(s.method ->> 'insecure_skip_verification', 'false')
                    <> coalesce(d.method ->> 'insecure_skip_verification', 'false')
                OR s.method ->> 'authorization' <> d.method ->> 'authorization'
                OR s.method ->> 'api_key_required' <> d.method ->> 'api_key_required'
        ) THEN 'draft_served'
        WHEN draft.edited_at + :days * interval '24 hours' <= :as_of
            AND stage.deployment_served_at + :days * interval '24 hours' <= :as_of
            THEN 'draft_differs'
        WHEN draft.edited_at IS NOT NULL AND stage.deployment_served_at IS NOT NULL THEN 'draft_differs_recently'
        ELSE 'unexpected'
    END AS condition,
    ARRAY(
        SELECT coalesce(s.method ->> 'verb', d.method ->> 'verb') || ' ' || coalesce(s.method ->> 'path', d.method ->> 'path') COLLATE "C"
        FROM jsonb_array_elements(CASE WHEN jsonb_typeof(deployment.methods) = 'array' THEN deployment.methods END) AS s (method)
        FULL JOIN jsonb_array_elements(CASE WHEN jsonb_typeof(draft.methods) = 'array' THEN draft.methods END) AS d (method)
            ON s.method ->> 'path' = d.method ->> 'path' AND s.method ->> 'verb' = d.method ->> 'verb'
        WHERE s.method IS NULL OR d.method IS NULL
            OR s.method ->> 'integration_type' IS DISTINCT FROM d.method ->> 'integration_type'
            OR s.method ->> 'uri_scheme' IS DISTINCT FROM d.method ->> 'uri_scheme'
            OR s.method ->> 'uri_host' IS DISTINCT FROM d.method ->> 'uri_host'
            OR coalesce(s.method ->> 'connection_type', 'INTERNET') <> coalesce(d.method ->> 'connection_type', 'INTERNET')
            OR coalesce(s.method ->> 'insecure_skip_verification', 'false')
                <> coalesce(d.method ->> 'insecure_skip_verification', 'false')
            OR s.method ->> 'authorization' <> d.method ->> 'authorization'
            OR s.method ->> 'api_key_required' <> d.method ->> 'api_key_required'
        ORDER BY 1
    ) AS subjects,
    -- What differs recently differs for long one day, without any change in AWS.
    CASE
        WHEN greatest(draft.edited_at, stage.deployment_served_at) + :days * interval '24 hours' > :as_of
            THEN greatest(draft.edited_at, stage.deployment_served_at) + :days * interval '24 hours'
    END AS recheck_at
FROM stage
LEFT JOIN rest_api ON rest_api.item_id = stage.parent_id
LEFT JOIN deployment
    ON deployment.parent_id = stage.parent_id
    AND deployment.deployment_id = stage.deployment_id
LEFT JOIN draft ON draft.parent_id = stage.parent_id

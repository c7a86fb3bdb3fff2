-- Is there a role to write the logs that stages of REST and WebSocket APIs ask for? The first branch that holds decides.
-- Execution logs, and access logs that go to a log group, need the role; access logs that go to Firehose do not, and
-- neither do those of HTTP APIs.
WITH logging AS (
    SELECT s.account_region_id, array_agg(a.rest_api_id || '/' || s.stage_name ORDER BY a.rest_api_id COLLATE "C", s.stage_name COLLATE "C") AS stages
    FROM stage AS s
    JOIN rest_api AS a ON a.item_id = s.parent_id
    WHERE s.disappeared_at IS NULL
        AND s.is_fresh
        AND (
            s.access_log_destination_arn LIKE 'arn:%:logs:%'
            OR EXISTS (
                SELECT 1
                FROM jsonb_each(
                    CASE WHEN jsonb_typeof(s.method_settings) = 'object' THEN s.method_settings END
                ) AS e (key, setting)
                WHERE NOT starts_with(e.key, '/') AND coalesce(e.setting ->> 'loggingLevel', 'OFF') <> 'OFF'
            )
        )
    GROUP BY s.account_region_id
),
socket AS (
    SELECT s.account_region_id, array_agg(a.api_id || '/' || s.stage_name ORDER BY a.api_id COLLATE "C", s.stage_name COLLATE "C") AS stages
    FROM api_stage AS s
    JOIN api AS a ON a.item_id = s.parent_id
    WHERE s.disappeared_at IS NULL
        AND s.is_fresh
        AND a.protocol_type IS DISTINCT FROM 'HTTP'
        AND (
            s.access_log_destination_arn LIKE 'arn:%:logs:%'
            OR coalesce(s.default_route_settings ->> 'LoggingLevel', 'OFF') <> 'OFF'
            OR EXISTS (
                SELECT 1
                FROM jsonb_each(
                    CASE WHEN jsonb_typeof(s.route_settings) = 'object' THEN s.route_settings END
                ) AS e (route, setting)
                WHERE coalesce(e.setting ->> 'LoggingLevel', 'OFF') <> 'OFF'
            )
        )
    GROUP BY s.account_region_id
)
SELECT
    CASE
        WHEN coalesce(btrim(account_settings.cloudwatch_role_arn), '') = ''
            AND (l.stages IS NOT NULL OR w.stages IS NOT NULL)
            THEN 'role_missing'
        WHEN l.stages IS NOT NULL OR w.stages IS NOT NULL THEN 'role_set'
        WHEN listed.is_fresh IS NOT TRUE
            OR read.is_fresh IS NOT TRUE
            OR v2_listed.is_fresh IS NOT TRUE
            OR v2_read.is_fresh IS NOT TRUE
            OR EXISTS (
                SELECT 1
                FROM api_stage AS s
                WHERE s.account_region_id = account_settings.account_region_id
                    AND s.disappeared_at IS NULL
                    AND NOT s.is_fresh
            )
            OR EXISTS (
                SELECT 1
                FROM stage AS s
                WHERE s.account_region_id = account_settings.account_region_id
                    AND s.disappeared_at IS NULL
                    AND NOT s.is_fresh
            )
            -- Of an API whose stages were never read there is nothing to see but that a reading is not whole.
            OR (
                read.status <> 'complete'
                AND EXISTS (
                    SELECT 1
                    FROM rest_api AS a
                    LEFT JOIN stage AS s ON s.parent_id = a.item_id AND s.disappeared_at IS NULL
                    WHERE a.account_region_id = account_settings.account_region_id
                        AND a.disappeared_at IS NULL
                        AND s.item_id IS NULL
                )
            )
            OR (
                v2_read.status <> 'complete'
                AND EXISTS (
                    SELECT 1
                    FROM api AS a
                    LEFT JOIN api_stage AS s ON s.parent_id = a.item_id AND s.disappeared_at IS NULL
                    WHERE a.account_region_id = account_settings.account_region_id
                        AND a.disappeared_at IS NULL
                        AND s.item_id IS NULL
                )
            )
            THEN 'stages_unknown'
        WHEN account_settings.item_id IS NOT NULL THEN 'no_stage_logs'
    END AS condition,
    coalesce(l.stages, ARRAY[]::text[]) || coalesce(w.stages, ARRAY[]::text[]) AS subjects
FROM account_settings
LEFT JOIN logging AS l ON l.account_region_id = account_settings.account_region_id
LEFT JOIN socket AS w ON w.account_region_id = account_settings.account_region_id
LEFT JOIN scope AS listed
    ON listed.account_region_id = account_settings.account_region_id AND listed.item_type = 'rest_api'
LEFT JOIN scope AS read
    ON read.account_region_id = account_settings.account_region_id AND read.item_type = 'stage'
LEFT JOIN scope AS v2_listed
    ON v2_listed.account_region_id = account_settings.account_region_id AND v2_listed.item_type = 'api'
LEFT JOIN scope AS v2_read
    ON v2_read.account_region_id = account_settings.account_region_id AND v2_read.item_type = 'api_stage'

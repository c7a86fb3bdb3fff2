-- Tags of live stages: their own, and those of their REST API that they do not set themselves.
CREATE VIEW report.tag AS
SELECT
    'arn:' || a.partition || ':apigateway:' || ar.region || '::/restapis/' || api.rest_api_id || '/stages/'
        || s.stage_name AS resource_arn,
    a.account_id,
    ar.region,
    api.rest_api_id,
    s.stage_name,
    t.key,
    t.value,
    t.source,
    s.item_id
FROM cmdb.stage AS s
JOIN cmdb.rest_api AS api ON api.item_id = s.parent_id
JOIN cmdb.account_region AS ar ON ar.account_region_id = s.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key
LEFT JOIN cmdb.stage_payload AS sp ON sp.item_id = s.item_id
LEFT JOIN cmdb.rest_api_payload AS ap ON ap.item_id = s.parent_id
CROSS JOIN LATERAL (
    SELECT o.key, o.value, 'stage' AS source
    FROM jsonb_each_text(CASE jsonb_typeof(sp.payload -> 'tags') WHEN 'object' THEN sp.payload -> 'tags' END) AS o
    UNION ALL
    SELECT i.key, i.value, 'rest_api'
    FROM jsonb_each_text(CASE jsonb_typeof(ap.payload -> 'tags') WHEN 'object' THEN ap.payload -> 'tags' END) AS i
    WHERE NOT coalesce(sp.payload -> 'tags', '{}') ? i.key
) AS t
WHERE s.valid_to IS NULL;

COMMENT ON VIEW report.tag IS 'One row per live stage and tag: its own tags, and those of its REST API that it does not set itself.';
COMMENT ON COLUMN report.tag.resource_arn IS 'ARN of the stage.';
COMMENT ON COLUMN report.tag.account_id IS 'AWS account id.';
COMMENT ON COLUMN report.tag.region IS 'AWS region.';
COMMENT ON COLUMN report.tag.rest_api_id IS 'AWS id of the REST API.';
COMMENT ON COLUMN report.tag.stage_name IS 'Name of the stage.';
COMMENT ON COLUMN report.tag.key IS 'Key of the tag.';
COMMENT ON COLUMN report.tag.value IS 'Value of the tag; a keyed hash where the settings call the tag sensitive.';
COMMENT ON COLUMN report.tag.source IS 'stage, or rest_api where the stage takes it from its REST API.';
COMMENT ON COLUMN report.tag.item_id IS 'Key of the item in the CMDB.';

-- Versions of stages, and what each changed; the version before is looked up by its key, so that filters reach the tables.
CREATE VIEW report.stage_history AS
SELECT
    'arn:' || a.partition || ':apigateway:' || ar.region || '::/restapis/' || api.rest_api_id || '/stages/'
        || s.stage_name AS resource_arn,
    v.valid_from,
    v.valid_to,
    v.deployment_id,
    v.client_certificate_id,
    CASE
        WHEN b.item_id IS NOT NULL THEN
            CASE WHEN b.superseded_at > b.valid_to THEN ARRAY['reappeared'] ELSE '{}'::text[] END
            || CASE WHEN b.deployment_id IS DISTINCT FROM v.deployment_id THEN ARRAY['deployment_id'] ELSE '{}' END
            || CASE WHEN b.client_certificate_id IS DISTINCT FROM v.client_certificate_id
                    THEN ARRAY['client_certificate_id'] ELSE '{}' END
            || report.changed_keys(b.payload, v.payload, '{deploymentId,clientCertificateId}')
            || coalesce(served.canary, '{}')
            || coalesce(served.own, '{}')
    END AS changed,
    v.disappeared_at,
    a.account_id,
    a.name AS account_name,
    ar.region,
    api.rest_api_id,
    s.stage_name,
    v.certificate_named_at,
    s.item_id,
    v.version_id,
    v.deployment_served_at,
    served.canary || served.own AS served_changes,
    v.canary_deployment_id,
    served.canary AS canary_changes
FROM (
    SELECT s.item_id, s.version_id, s.valid_from, s.valid_to, s.deployment_id, s.client_certificate_id,
           s.certificate_named_at, s.deployment_served_at, s.canary_deployment_id, s.valid_to AS disappeared_at, p.payload
    FROM cmdb.stage AS s
    LEFT JOIN cmdb.stage_payload AS p ON p.item_id = s.item_id
    UNION ALL
    SELECT x.item_id, x.version_id, x.valid_from, x.valid_to, x.deployment_id, x.client_certificate_id,
           x.certificate_named_at, x.deployment_served_at, x.canary_deployment_id,
           CASE WHEN x.superseded_at > x.valid_to THEN x.valid_to END, x.payload
    FROM cmdb.stage_closed AS x
) AS v
JOIN cmdb.stage AS s ON s.item_id = v.item_id
JOIN cmdb.rest_api AS api ON api.item_id = s.parent_id
JOIN cmdb.account_region AS ar ON ar.account_region_id = s.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key
LEFT JOIN LATERAL (
    SELECT x.item_id, x.valid_to, x.superseded_at, x.deployment_id, x.client_certificate_id,
           x.canary_deployment_id, x.payload
    FROM cmdb.stage_closed AS x
    WHERE x.item_id = v.item_id AND x.valid_from < v.valid_from
    ORDER BY x.valid_from DESC
    LIMIT 1
    -- Where the one that it followed is kept no longer, an earlier one says nothing of what changed then.
) AS b ON b.superseded_at = v.valid_from
CROSS JOIN LATERAL (
    SELECT
        CASE WHEN b.item_id IS NOT NULL AND b.deployment_id IS DISTINCT FROM v.deployment_id THEN
            report.served_changes(
                b.deployment_id,
                (SELECT d.methods FROM report.deployment_methods AS d
                 WHERE d.account_region_id = s.account_region_id AND d.parent_id = s.parent_id
                   AND d.deployment_id = b.deployment_id),
                v.deployment_id,
                (SELECT d.methods FROM report.deployment_methods AS d
                 WHERE d.account_region_id = s.account_region_id AND d.parent_id = s.parent_id
                   AND d.deployment_id = v.deployment_id))
        END AS own,
        CASE WHEN b.item_id IS NOT NULL
                AND (b.canary_deployment_id IS DISTINCT FROM v.canary_deployment_id
                     OR (b.canary_deployment_id = v.deployment_id AND b.deployment_id IS DISTINCT FROM v.deployment_id)) THEN
            report.canary_changes(
                b.deployment_id,
                b.canary_deployment_id,
                v.deployment_id,
                (SELECT d.methods FROM report.deployment_methods AS d
                 WHERE d.account_region_id = s.account_region_id AND d.parent_id = s.parent_id
                   AND d.deployment_id = v.deployment_id),
                v.canary_deployment_id,
                (SELECT d.methods FROM report.deployment_methods AS d
                 WHERE d.account_region_id = s.account_region_id AND d.parent_id = s.parent_id
                   AND d.deployment_id = v.canary_deployment_id))
        END AS canary
) AS served;

COMMENT ON VIEW report.stage_history IS 'One row per version of a stage, from the run that found it so to the run that found it otherwise or gone.';
COMMENT ON COLUMN report.stage_history.resource_arn IS 'ARN of the stage.';
COMMENT ON COLUMN report.stage_history.valid_from IS 'as_of of the run that found this version first.';
COMMENT ON COLUMN report.stage_history.valid_to IS 'as_of of the run that found another version, or the stage gone; null: it is so now.';
COMMENT ON COLUMN report.stage_history.deployment_id IS 'Deployment that it served; null when none was given.';
COMMENT ON COLUMN report.stage_history.client_certificate_id IS 'Certificate that it named: an API Gateway id or an ACM ARN; null when none.';
COMMENT ON COLUMN report.stage_history.changed IS 'What differs from the version before: deployment_id, client_certificate_id, or keys of the GetStages answer (tags, variables, ...); first reappeared when the stage had been gone, last served_changes. Null: the first version, or the one before it is not kept any more. Empty: only its lastUpdatedDate differs.';
COMMENT ON COLUMN report.stage_history.disappeared_at IS 'as_of of the run that found the stage gone after this version; null: it was not.';
COMMENT ON COLUMN report.stage_history.account_id IS 'AWS account id.';
COMMENT ON COLUMN report.stage_history.account_name IS 'Name of the account today.';
COMMENT ON COLUMN report.stage_history.region IS 'AWS region.';
COMMENT ON COLUMN report.stage_history.rest_api_id IS 'AWS id of the REST API.';
COMMENT ON COLUMN report.stage_history.stage_name IS 'Name of the stage.';
COMMENT ON COLUMN report.stage_history.certificate_named_at IS 'Since when it named that certificate without a break.';
COMMENT ON COLUMN report.stage_history.item_id IS 'Key of the item in the CMDB.';
COMMENT ON COLUMN report.stage_history.version_id IS 'Id of the version, as compliance records name their evidence.';
COMMENT ON COLUMN report.stage_history.deployment_served_at IS 'Since when it served that deployment without a break.';
COMMENT ON COLUMN report.stage_history.served_changes IS 'Where it, or its canary, serves another deployment than in the version before: first canary_changes, then up to five of the methods that differ, each with what does (GET /orders: HTTP -> AWS_PROXY), how many more do, and last the deployments (deployment abc -> def). Null: both serve the same, or the version before it is not there to compare.';
COMMENT ON COLUMN report.stage_history.canary_deployment_id IS 'Deployment that its canary served; null: it had none.';
COMMENT ON COLUMN report.stage_history.canary_changes IS 'Where its canary came, went, was promoted or serves another deployment than in the version before: up to five methods that differ from those of the stage itself (canary GET /orders: HTTP -> AWS_PROXY), how many more do, and the deployments. Null: nothing of that, or the version before it is not there to compare.';

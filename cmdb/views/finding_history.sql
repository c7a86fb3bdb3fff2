-- Compliance records, ended ones and those that hold now.
CREATE VIEW report.finding_history AS
SELECT
    p.policy_id,
    report.resource_arn(a.partition, ar.region, api.rest_api_id, s.stage_name) AS resource_arn,
    a.account_id,
    ar.region,
    api.rest_api_id,
    s.stage_name,
    c.status,
    c.name AS condition,
    r.valid_from,
    r.valid_to,
    r.status_since AS since,
    a.name AS account_name,
    v.content_hash AS policy_version,
    s.stage_id
FROM (
    SELECT policy_key, stage_id, condition_key, policy_version_id, status_since, valid_from,
           NULL::timestamptz AS valid_to
    FROM compliance.record
    UNION ALL
    SELECT policy_key, stage_id, condition_key, policy_version_id, status_since, valid_from, valid_to
    FROM compliance.record_closed
) AS r
JOIN compliance.policy AS p ON p.policy_key = r.policy_key
JOIN compliance.condition AS c ON c.condition_key = r.condition_key
JOIN compliance.policy_version AS v ON v.policy_version_id = r.policy_version_id
JOIN cmdb.stage AS s ON s.stage_id = r.stage_id
JOIN cmdb.rest_api AS api ON api.rest_api_key = s.rest_api_key
JOIN cmdb.account_region AS ar ON ar.account_region_id = s.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key;

COMMENT ON VIEW report.finding_history IS 'One row per compliance record: an interval in which one condition held for a stage under a policy.';
COMMENT ON COLUMN report.finding_history.policy_id IS 'Id of the policy.';
COMMENT ON COLUMN report.finding_history.resource_arn IS 'ARN of the stage.';
COMMENT ON COLUMN report.finding_history.account_id IS 'AWS account id.';
COMMENT ON COLUMN report.finding_history.region IS 'AWS region.';
COMMENT ON COLUMN report.finding_history.rest_api_id IS 'AWS id of the REST API.';
COMMENT ON COLUMN report.finding_history.stage_name IS 'Name of the stage.';
COMMENT ON COLUMN report.finding_history.status IS 'COMPLIANT, INCOMPLIANT, INAPPLICABLE, UNDETERMINED or DISAPPEARED.';
COMMENT ON COLUMN report.finding_history.condition IS 'Condition of the policy that held.';
COMMENT ON COLUMN report.finding_history.valid_from IS 'as_of of the first evaluation that found it so.';
COMMENT ON COLUMN report.finding_history.valid_to IS 'as_of of the first evaluation that did not; null: it holds now.';
COMMENT ON COLUMN report.finding_history.since IS 'When the status of this record began.';
COMMENT ON COLUMN report.finding_history.account_name IS 'Name of the account today.';
COMMENT ON COLUMN report.finding_history.policy_version IS 'Content hash of the policy that judged so first.';
COMMENT ON COLUMN report.finding_history.stage_id IS 'Key of the stage in the CMDB.';

-- What every policy says of every live stage, now.
CREATE VIEW report.finding AS
SELECT
    p.policy_id,
    report.resource_arn(a.partition, ar.region, api.rest_api_id, s.stage_name) AS resource_arn,
    a.account_id,
    a.name AS account_name,
    ar.region,
    api.rest_api_id,
    api.name AS rest_api_name,
    s.stage_name,
    s.client_certificate_id,
    c.status,
    c.name AS condition,
    report.filled_in(c.message, a.account_id, ar.region, api.rest_api_id, api.name, s.stage_name,
                     s.client_certificate_id) AS message,
    report.filled_in(c.remediation, a.account_id, ar.region, api.rest_api_id, api.name, s.stage_name,
                     s.client_certificate_id) AS remediation,
    r.status_since AS since,
    e.as_of AS evaluated_at,
    CASE WHEN u.item_id IS NULL THEN sc.read_at ELSE u.read_before END AS evidence_at,
    r.episode_since,
    p.severity,
    a.partition,
    s.stage_id
FROM compliance.record AS r
JOIN compliance.policy AS p ON p.policy_key = r.policy_key
JOIN compliance.condition AS c ON c.condition_key = r.condition_key
JOIN cmdb.stage AS s ON s.stage_id = r.stage_id AND s.valid_to IS NULL
JOIN cmdb.rest_api AS api ON api.rest_api_key = s.rest_api_key
JOIN cmdb.account_region AS ar ON ar.account_region_id = s.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key
LEFT JOIN cmdb.scope AS sc ON sc.account_region_id = s.account_region_id AND sc.item_type = 'stage'
LEFT JOIN cmdb.unread_item AS u
    ON u.account_region_id = s.account_region_id AND u.item_type = 'stage'
    AND u.item_id = api.rest_api_id AND u.valid_to IS NULL
LEFT JOIN (
    SELECT policy_key, max(as_of) AS as_of FROM compliance.evaluation GROUP BY policy_key
) AS e ON e.policy_key = r.policy_key
WHERE c.status <> 'DISAPPEARED';

COMMENT ON VIEW report.finding IS 'One row per policy and live stage: what the policy says of it now, since when, and what to do.';
COMMENT ON COLUMN report.finding.policy_id IS 'Id of the policy.';
COMMENT ON COLUMN report.finding.resource_arn IS 'ARN of the stage.';
COMMENT ON COLUMN report.finding.account_id IS 'AWS account id.';
COMMENT ON COLUMN report.finding.account_name IS 'Name of the account; null when it was never told.';
COMMENT ON COLUMN report.finding.region IS 'AWS region.';
COMMENT ON COLUMN report.finding.rest_api_id IS 'AWS id of the REST API.';
COMMENT ON COLUMN report.finding.rest_api_name IS 'Name of the REST API.';
COMMENT ON COLUMN report.finding.stage_name IS 'Name of the stage.';
COMMENT ON COLUMN report.finding.client_certificate_id IS 'Certificate that the stage names: an API Gateway id or an ACM ARN; null when none.';
COMMENT ON COLUMN report.finding.status IS 'COMPLIANT, INCOMPLIANT, INAPPLICABLE or UNDETERMINED.';
COMMENT ON COLUMN report.finding.condition IS 'Condition of the policy that held first.';
COMMENT ON COLUMN report.finding.message IS 'What was seen, in plain words.';
COMMENT ON COLUMN report.finding.remediation IS 'What to do; null when nothing is to be done.';
COMMENT ON COLUMN report.finding.since IS 'When the current status began; a change of condition does not restart it.';
COMMENT ON COLUMN report.finding.evaluated_at IS 'as_of of the policy''s last evaluation.';
COMMENT ON COLUMN report.finding.evidence_at IS 'When the stage was last read from AWS.';
COMMENT ON COLUMN report.finding.episode_since IS 'When the incompliant episode began that the stage is in; undetermined stretches do not interrupt it. Null: none.';
COMMENT ON COLUMN report.finding.severity IS 'Severity of the policy.';
COMMENT ON COLUMN report.finding.partition IS 'AWS partition.';
COMMENT ON COLUMN report.finding.stage_id IS 'Key of the stage in the CMDB.';

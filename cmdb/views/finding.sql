-- What every policy says of every live item, now.
CREATE VIEW report.finding AS
SELECT
    r.policy_id,
    i.resource_arn,
    i.account_id,
    i.account_name,
    i.region,
    i.rest_api_id,
    i.rest_api_name,
    i.stage_name,
    i.client_certificate_id,
    r.status,
    r.condition,
    report.filled_in(r.message, i.account_id, i.region, i.api_id, i.api_name, i.stage_name,
                     i.client_certificate_id, i.name, report.listed(r.subjects, r.subject_count)) AS message,
    report.filled_in(r.remediation, i.account_id, i.region, i.api_id, i.api_name, i.stage_name,
                     i.client_certificate_id, i.name, report.listed(r.subjects, r.subject_count)) AS remediation,
    r.since,
    e.as_of AS evaluated_at,
    CASE WHEN u.item_id IS NULL THEN sc.read_at ELSE u.read_before END AS evidence_at,
    r.episode_since,
    r.severity,
    i.partition,
    i.item_id,
    i.item_type,
    r.subjects,
    r.subject_count,
    r.exception_id,
    r.exception_until,
    i.api_id,
    i.api_name,
    o.name AS owner,
-- include: began_with_change
FROM report.verdict AS r
JOIN report.item_identity AS i ON i.item_id = r.item_id AND i.valid_to IS NULL
LEFT JOIN compliance.item_owner AS io ON io.item_id = r.item_id
LEFT JOIN compliance.owner AS o ON o.owner_key = io.owner_key
LEFT JOIN cmdb.scope AS sc ON sc.account_region_id = i.account_region_id AND sc.item_type = i.scope_type
LEFT JOIN cmdb.unread_item AS u
    ON u.account_region_id = i.account_region_id AND u.item_type = i.scope_type
    AND u.item_id = i.unread_key AND u.valid_to IS NULL
LEFT JOIN (
    SELECT policy_key, max(as_of) AS as_of FROM compliance.evaluation GROUP BY policy_key
) AS e ON e.policy_key = r.policy_key;

COMMENT ON VIEW report.finding IS 'One row per policy and live item that it judges: what the policy says of it now, since when, and what to do.';
COMMENT ON COLUMN report.finding.policy_id IS 'Id of the policy.';
COMMENT ON COLUMN report.finding.resource_arn IS 'ARN of the item.';
COMMENT ON COLUMN report.finding.account_id IS 'AWS account id.';
COMMENT ON COLUMN report.finding.account_name IS 'Name of the account; null when it was never told.';
COMMENT ON COLUMN report.finding.region IS 'AWS region.';
COMMENT ON COLUMN report.finding.rest_api_id IS 'AWS id of the REST API that the item is or belongs to; null for other items.';
COMMENT ON COLUMN report.finding.rest_api_name IS 'Name of the REST API.';
COMMENT ON COLUMN report.finding.stage_name IS 'Name of the stage; null for other items.';
COMMENT ON COLUMN report.finding.client_certificate_id IS 'Certificate that the stage names: an API Gateway id or an ACM ARN; null when none.';
COMMENT ON COLUMN report.finding.status IS 'COMPLIANT, INCOMPLIANT, INAPPLICABLE or UNDETERMINED.';
COMMENT ON COLUMN report.finding.condition IS 'Condition of the policy that held first.';
COMMENT ON COLUMN report.finding.message IS 'What was seen, in plain words.';
COMMENT ON COLUMN report.finding.remediation IS 'What to do; null when nothing is to be done.';
COMMENT ON COLUMN report.finding.since IS 'When the current status began; a change of condition does not restart it.';
COMMENT ON COLUMN report.finding.evaluated_at IS 'as_of of the policy''s last evaluation.';
COMMENT ON COLUMN report.finding.evidence_at IS 'When the item was last read from AWS.';
COMMENT ON COLUMN report.finding.episode_since IS 'When the incompliant episode began that the item is in; undetermined stretches do not interrupt it. Null: none.';
COMMENT ON COLUMN report.finding.severity IS 'Severity of the policy.';
COMMENT ON COLUMN report.finding.partition IS 'AWS partition.';
COMMENT ON COLUMN report.finding.item_id IS 'Key of the item in the CMDB.';
COMMENT ON COLUMN report.finding.item_type IS 'Type of the item.';
COMMENT ON COLUMN report.finding.subjects IS 'What within the item is at fault (methods, routes), the first twenty; null when nothing is or the policy does not say.';
COMMENT ON COLUMN report.finding.subject_count IS 'How many subjects there are in all; null when none or the policy does not say.';
COMMENT ON COLUMN report.finding.exception_id IS 'Id of the exception that covers it; of several, the one in force longest. Null: none.';
COMMENT ON COLUMN report.finding.exception_until IS 'When that exception ends.';
COMMENT ON COLUMN report.finding.api_id IS 'AWS id of the API, REST, HTTP or WebSocket, that the item is or belongs to; null for other items.';
COMMENT ON COLUMN report.finding.api_name IS 'Name of that API; null when it has none.';
COMMENT ON COLUMN report.finding.owner IS 'Owner of the item; null: none is known.';
COMMENT ON COLUMN report.finding.served_changes IS 'Where the present condition began with another deployment, of the stage or its canary, that the policy looked at: what changed in what the stage serves, as report.stage_history shows it. Null: nothing did, or the policy does not ask.';

-- Compliance records, ended ones and those that hold now.
CREATE VIEW report.finding_history AS
SELECT
    p.policy_id,
    i.resource_arn,
    i.account_id,
    i.region,
    i.rest_api_id,
    i.stage_name,
    c.status,
    c.name AS condition,
    r.valid_from,
    r.valid_to,
    r.status_since AS since,
    i.account_name,
    v.content_hash AS policy_version,
    i.item_id,
    i.item_type,
    r.subjects,
    r.subject_count,
    i.api_id,
    i.name,
    (
        SELECT w.owner
        FROM report.item_owner AS w
        WHERE w.item_id = r.item_id AND w.valid_from < coalesce(r.valid_to, 'infinity')
          AND coalesce(w.valid_to, 'infinity') >= coalesce(r.valid_to, 'infinity')
    ) AS owner,
-- include: began_with_change
FROM (
    SELECT policy_key, item_id, condition_key, policy_version_id, status_since, valid_from,
           NULL::timestamptz AS valid_to, subjects, subject_count,
           string_to_array(evidence, ' ')::bigint[] AS evidence
    FROM compliance.record
    UNION ALL
    SELECT policy_key, item_id, condition_key, policy_version_id, status_since, valid_from, valid_to, subjects,
           subject_count, string_to_array(evidence, ' ')::bigint[] AS evidence
    FROM compliance.record_closed
) AS r
JOIN compliance.policy AS p ON p.policy_key = r.policy_key
JOIN compliance.condition AS c ON c.condition_key = r.condition_key
JOIN compliance.policy_version AS v ON v.policy_version_id = r.policy_version_id
JOIN report.item_identity AS i ON i.item_id = r.item_id;

COMMENT ON VIEW report.finding_history IS 'One row per compliance record: an interval in which one condition held for an item under a policy.';
COMMENT ON COLUMN report.finding_history.policy_id IS 'Id of the policy.';
COMMENT ON COLUMN report.finding_history.resource_arn IS 'ARN of the item.';
COMMENT ON COLUMN report.finding_history.account_id IS 'AWS account id.';
COMMENT ON COLUMN report.finding_history.region IS 'AWS region.';
COMMENT ON COLUMN report.finding_history.rest_api_id IS 'AWS id of the REST API that the item is or belongs to; null for other items.';
COMMENT ON COLUMN report.finding_history.stage_name IS 'Name of the stage; null for other items.';
COMMENT ON COLUMN report.finding_history.status IS 'COMPLIANT, INCOMPLIANT, INAPPLICABLE, UNDETERMINED or DISAPPEARED.';
COMMENT ON COLUMN report.finding_history.condition IS 'Condition of the policy that held.';
COMMENT ON COLUMN report.finding_history.valid_from IS 'as_of of the first evaluation that found it so.';
COMMENT ON COLUMN report.finding_history.valid_to IS 'as_of of the first evaluation that did not; null: it holds now.';
COMMENT ON COLUMN report.finding_history.since IS 'When the status of this record began.';
COMMENT ON COLUMN report.finding_history.account_name IS 'Name of the account today.';
COMMENT ON COLUMN report.finding_history.policy_version IS 'Content hash of the policy that judged so first.';
COMMENT ON COLUMN report.finding_history.item_id IS 'Key of the item in the CMDB.';
COMMENT ON COLUMN report.finding_history.item_type IS 'Type of the item.';
COMMENT ON COLUMN report.finding_history.subjects IS 'What within the item was at fault, the first twenty; null when nothing was or the policy did not say.';
COMMENT ON COLUMN report.finding_history.subject_count IS 'How many subjects there were in all; null when none or the policy did not say.';
COMMENT ON COLUMN report.finding_history.api_id IS 'AWS id of the API, REST, HTTP or WebSocket, that the item is or belongs to; null for other items.';
COMMENT ON COLUMN report.finding_history.name IS 'What people call the item; null when it has no name.';
COMMENT ON COLUMN report.finding_history.owner IS 'Owner of the item at the end of the interval, for one that holds now; null: none was known. Who owned it at a time: finding_as_of.';
COMMENT ON COLUMN report.finding_history.served_changes IS 'Where the record began with another deployment, of the stage or its canary, that the policy looked at: what changed in what the stage serves, as report.stage_history shows it. Null: nothing did, or the policy does not ask.';

-- Findings as they are exported to other tools: the life of each, items that are gone included.
CREATE VIEW report.finding_export AS
SELECT
    CASE i.item_type
        WHEN 'stage' THEN report.finding_uid(p.policy_id, i.partition, i.account_id, i.region, i.rest_api_id, i.stage_name)
        ELSE report.finding_uid(p.policy_id, i.partition, i.account_id, i.region, i.resource_arn)
    END AS finding_id,
    p.policy_id,
    p.name AS policy_name,
    p.severity,
    i.resource_arn,
    i.partition,
    i.account_id,
    i.account_name,
    i.region,
    i.rest_api_id,
    i.rest_api_name,
    i.stage_name,
    i.client_certificate_id,
    c.status,
    c.name AS condition,
    report.filled_in(c.message, i.account_id, i.region, i.api_id, i.api_name, i.stage_name,
                     i.client_certificate_id, i.name, report.listed(r.subjects, r.subject_count)) AS message,
    report.filled_in(c.remediation, i.account_id, i.region, i.api_id, i.api_name, i.stage_name,
                     i.client_certificate_id, i.name, report.listed(r.subjects, r.subject_count)) AS remediation,
    r.status_since AS since,
    r.valid_from AS recorded_at,
    r.episode_since,
    least((
        SELECT min(x.valid_from)
        FROM compliance.record_closed AS x
        WHERE x.policy_key = r.policy_key AND x.item_id = r.item_id
    ), r.valid_from) AS first_seen_at,
    CASE WHEN c.status = 'DISAPPEARED' THEN r.status_since ELSE e.as_of END AS last_seen_at,
    CASE
        WHEN r.episode_since IS NULL THEN (
            SELECT max(x.ended_at)
            FROM compliance.episode AS x
            WHERE x.policy_key = r.policy_key AND x.item_id = r.item_id
        )
    END AS resolved_at,
    i.item_id,
    i.item_type,
    i.name,
    r.subjects,
    r.subject_count,
    o.exception_id,
    o.valid_until AS exception_until,
    o.reason AS exception_reason,
    o.owner AS exception_owner,
    (
        SELECT max(h.changed_at)
        FROM compliance.exception_item AS x
        JOIN compliance.exception_version AS v ON v.exception_version_id = x.exception_version_id
        CROSS JOIN LATERAL (VALUES
            (greatest(v.entered_at, v.valid_from, x.valid_from)), (least(v.ended_at, v.valid_until, x.valid_to))
        ) AS h (changed_at)
        WHERE x.item_id = r.item_id AND p.policy_id LIKE ANY (v.policies_like) AND h.changed_at <= m.moment
    ) AS exception_changed_at,
    i.api_id,
    i.api_name,
    n.name AS owner,
    io.valid_from AS owner_changed_at,
-- include: began_with_change
FROM (
    SELECT policy_key, item_id, condition_key, valid_from, status_since, episode_since, subjects, subject_count,
           string_to_array(evidence, ' ')::bigint[] AS evidence
    FROM compliance.record
) AS r
CROSS JOIN report.exception_moment AS m
JOIN compliance.policy AS p ON p.policy_key = r.policy_key
JOIN compliance.condition AS c ON c.condition_key = r.condition_key
JOIN report.item_identity AS i ON i.item_id = r.item_id
LEFT JOIN compliance.item_owner AS io ON io.item_id = r.item_id
LEFT JOIN compliance.owner AS n ON n.owner_key = io.owner_key
LEFT JOIN (
    SELECT policy_key, max(as_of) AS as_of FROM compliance.evaluation GROUP BY policy_key
) AS e ON e.policy_key = r.policy_key
LEFT JOIN LATERAL (
    SELECT v.exception_id, v.valid_until, v.reason, v.owner
    FROM report.exception_item AS v
    WHERE c.status IN ('INCOMPLIANT', 'UNDETERMINED')
      AND v.item_id = r.item_id AND v.matches_to IS NULL AND v.ended_at IS NULL
      AND v.valid_from <= m.moment AND v.valid_until > m.moment
      AND c.status = ANY (v.statuses) AND p.policy_id LIKE ANY (v.policies_like)
    ORDER BY v.valid_until DESC, v.exception_id
    LIMIT 1
) AS o ON true;

COMMENT ON VIEW report.finding_export IS 'One row per policy and item, those that are gone included: what the policy says of it now, and the life of that finding, for other tools.';
COMMENT ON COLUMN report.finding_export.finding_id IS 'Stable id of the finding: the same policy and item keep it whatever is said of them.';
COMMENT ON COLUMN report.finding_export.policy_id IS 'Id of the policy.';
COMMENT ON COLUMN report.finding_export.policy_name IS 'Name of the policy.';
COMMENT ON COLUMN report.finding_export.severity IS 'Severity of the policy.';
COMMENT ON COLUMN report.finding_export.resource_arn IS 'ARN of the item.';
COMMENT ON COLUMN report.finding_export.partition IS 'AWS partition.';
COMMENT ON COLUMN report.finding_export.account_id IS 'AWS account id.';
COMMENT ON COLUMN report.finding_export.account_name IS 'Name of the account; null when it was never told.';
COMMENT ON COLUMN report.finding_export.region IS 'AWS region.';
COMMENT ON COLUMN report.finding_export.rest_api_id IS 'AWS id of the REST API that the item is or belongs to; null for other items.';
COMMENT ON COLUMN report.finding_export.rest_api_name IS 'Name of the REST API; null when it has none.';
COMMENT ON COLUMN report.finding_export.stage_name IS 'Name of the stage; null for other items.';
COMMENT ON COLUMN report.finding_export.client_certificate_id IS 'Certificate that the stage names, or named last; null when none.';
COMMENT ON COLUMN report.finding_export.status IS 'COMPLIANT, INCOMPLIANT, INAPPLICABLE, UNDETERMINED or DISAPPEARED.';
COMMENT ON COLUMN report.finding_export.condition IS 'Condition of the policy that held first.';
COMMENT ON COLUMN report.finding_export.message IS 'What was seen, in plain words.';
COMMENT ON COLUMN report.finding_export.remediation IS 'What to do; null when nothing is to be done.';
COMMENT ON COLUMN report.finding_export.since IS 'When the current status began.';
COMMENT ON COLUMN report.finding_export.recorded_at IS 'When the current condition began: the last time the finding changed.';
COMMENT ON COLUMN report.finding_export.episode_since IS 'When the incompliant episode began that the item is in; null: none.';
COMMENT ON COLUMN report.finding_export.first_seen_at IS 'When the policy judged the item first, as far as history is kept.';
COMMENT ON COLUMN report.finding_export.last_seen_at IS 'as_of of the last evaluation that said so; for an item that is gone, when it was found gone.';
COMMENT ON COLUMN report.finding_export.resolved_at IS 'When its last incompliant episode ended; null: it never had one, or is in one.';
COMMENT ON COLUMN report.finding_export.item_id IS 'Key of the item in the CMDB.';
COMMENT ON COLUMN report.finding_export.item_type IS 'Type of the item.';
COMMENT ON COLUMN report.finding_export.name IS 'What people call the item; null when it has no name.';
COMMENT ON COLUMN report.finding_export.subjects IS 'What within the item is at fault, the first twenty; null when nothing is or the policy does not say.';
COMMENT ON COLUMN report.finding_export.subject_count IS 'How many subjects there are in all; null when none or the policy does not say.';
COMMENT ON COLUMN report.finding_export.exception_id IS 'Id of the exception that covers it; of several, the one in force longest. Null: none.';
COMMENT ON COLUMN report.finding_export.exception_until IS 'When that exception ends.';
COMMENT ON COLUMN report.finding_export.exception_reason IS 'Why it was accepted.';
COMMENT ON COLUMN report.finding_export.exception_owner IS 'Who answers for the exception.';
COMMENT ON COLUMN report.finding_export.exception_changed_at IS 'When an exception last began or ended to match it; null: none ever did.';
COMMENT ON COLUMN report.finding_export.api_id IS 'AWS id of the API, REST, HTTP or WebSocket, that the item is or belongs to; null for other items.';
COMMENT ON COLUMN report.finding_export.api_name IS 'Name of that API; null when it has none.';
COMMENT ON COLUMN report.finding_export.owner IS 'Owner of the item; null: none is known.';
COMMENT ON COLUMN report.finding_export.owner_changed_at IS 'Since when that is so; null: it never had an owner that was known.';
COMMENT ON COLUMN report.finding_export.served_changes IS 'Where the present condition began with another deployment, of the stage or its canary, that the policy looked at: what changed in what the stage serves, as report.stage_history shows it. Null: nothing did, or the policy does not ask.';

-- What every policy says of every item, by their keys: findings without the names, for what counts or ranks them.
CREATE VIEW report.verdict AS
SELECT
    r.policy_key,
    p.policy_id,
    p.severity,
    r.item_id,
    c.status,
    c.name AS condition,
    c.message,
    c.remediation,
    r.valid_from,
    string_to_array(r.evidence, ' ')::bigint[] AS evidence,
    r.status_since AS since,
    r.episode_since,
    r.subjects,
    r.subject_count,
    -- Nothing else can be excepted.
    CASE WHEN c.status IN ('INCOMPLIANT', 'UNDETERMINED') THEN (
        SELECT v.exception_id
        FROM report.exception_item AS v
        WHERE v.item_id = r.item_id AND v.matches_to IS NULL AND v.ended_at IS NULL
          AND v.valid_from <= m.moment AND v.valid_until > m.moment
          AND c.status = ANY (v.statuses) AND p.policy_id LIKE ANY (v.policies_like)
        ORDER BY v.valid_until DESC, v.exception_id
        LIMIT 1
    ) END AS exception_id,
    CASE WHEN c.status IN ('INCOMPLIANT', 'UNDETERMINED') THEN (
        SELECT v.valid_until
        FROM report.exception_item AS v
        WHERE v.item_id = r.item_id AND v.matches_to IS NULL AND v.ended_at IS NULL
          AND v.valid_from <= m.moment AND v.valid_until > m.moment
          AND c.status = ANY (v.statuses) AND p.policy_id LIKE ANY (v.policies_like)
        ORDER BY v.valid_until DESC, v.exception_id
        LIMIT 1
    ) END AS exception_until
FROM compliance.record AS r
CROSS JOIN report.exception_moment AS m
JOIN compliance.policy AS p ON p.policy_key = r.policy_key
JOIN compliance.condition AS c ON c.condition_key = r.condition_key
WHERE c.status <> 'DISAPPEARED';

COMMENT ON VIEW report.verdict IS 'One row per policy and item that has not disappeared under it: what the policy says of it now. A piece of the other views.';
COMMENT ON COLUMN report.verdict.policy_key IS 'Key of the policy.';
COMMENT ON COLUMN report.verdict.policy_id IS 'Id of the policy.';
COMMENT ON COLUMN report.verdict.severity IS 'Severity of the policy.';
COMMENT ON COLUMN report.verdict.item_id IS 'Key of the item in the CMDB.';
COMMENT ON COLUMN report.verdict.status IS 'COMPLIANT, INCOMPLIANT, INAPPLICABLE or UNDETERMINED.';
COMMENT ON COLUMN report.verdict.condition IS 'Condition of the policy that held first.';
COMMENT ON COLUMN report.verdict.message IS 'Its message, with {placeholders}.';
COMMENT ON COLUMN report.verdict.remediation IS 'What to do, with {placeholders}; null when nothing is to be done.';
COMMENT ON COLUMN report.verdict.valid_from IS 'as_of of the first evaluation that found it so.';
COMMENT ON COLUMN report.verdict.evidence IS 'Versions of items that decided it.';
COMMENT ON COLUMN report.verdict.since IS 'When the current status began.';
COMMENT ON COLUMN report.verdict.episode_since IS 'When the incompliant episode began that the item is in; null: none.';
COMMENT ON COLUMN report.verdict.subjects IS 'What within the item is at fault, the first twenty; null when nothing is or the policy does not say.';
COMMENT ON COLUMN report.verdict.subject_count IS 'How many subjects there are in all; null when none or the policy does not say.';
COMMENT ON COLUMN report.verdict.exception_id IS 'Id of the exception that covers it; of several, the one in force longest. Null: none.';
COMMENT ON COLUMN report.verdict.exception_until IS 'When that exception ends.';

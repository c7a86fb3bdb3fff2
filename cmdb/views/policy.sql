-- Policies that were ever evaluated.
CREATE VIEW report.policy AS
SELECT p.policy_id, p.name, p.severity, p.resource_type, p.categories, e.first_evaluated_at,
       e.last_evaluated_at, b.first_judged_at, b.done_at AS backfilled_at, b.nights AS backfilled_nights,
       b.error AS backfill_error
FROM compliance.policy AS p
LEFT JOIN (
    SELECT policy_key, min(as_of) AS first_evaluated_at, max(as_of) AS last_evaluated_at
    FROM compliance.evaluation
    GROUP BY policy_key
) AS e ON e.policy_key = p.policy_key
LEFT JOIN compliance.backfill AS b ON b.policy_key = p.policy_key;

COMMENT ON VIEW report.policy IS 'One row per policy that was ever evaluated.';
COMMENT ON COLUMN report.policy.policy_id IS 'Id of the policy.';
COMMENT ON COLUMN report.policy.name IS 'Its name.';
COMMENT ON COLUMN report.policy.severity IS 'Its severity: informational, low, medium, high or critical.';
COMMENT ON COLUMN report.policy.resource_type IS 'What it judges.';
COMMENT ON COLUMN report.policy.categories IS 'Its categories.';
COMMENT ON COLUMN report.policy.first_evaluated_at IS 'as_of of its first evaluation that is kept.';
COMMENT ON COLUMN report.policy.last_evaluated_at IS 'as_of of its last evaluation.';
COMMENT ON COLUMN report.policy.first_judged_at IS 'as_of of the run that judged it first, where earlier nights were there; null: it was judged from the first night on.';
COMMENT ON COLUMN report.policy.backfilled_at IS 'as_of of the run that then judged those nights; null: none did, or there are none.';
COMMENT ON COLUMN report.policy.backfilled_nights IS 'Past nights that were judged then; 0: what it reads was not collected before.';
COMMENT ON COLUMN report.policy.backfill_error IS 'Why the last try to judge them failed; null: none did.';

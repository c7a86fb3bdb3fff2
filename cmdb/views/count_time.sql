-- How many items had a status under a policy, with the times of each count; a piece of other views and of the report.
CREATE VIEW report.count_time AS
SELECT
    p.policy_id,
    a.account_id,
    ar.region,
    c.status,
    t.valid_from,
    t.valid_to,
    t.items,
    (l.as_of AT TIME ZONE 'UTC')::date AS last_day
FROM compliance.tally AS t
JOIN compliance.condition AS c ON c.condition_key = t.condition_key
JOIN compliance.policy AS p ON p.policy_key = t.policy_key
JOIN cmdb.account_region AS ar ON ar.account_region_id = t.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key
JOIN (
    SELECT policy_key, max(as_of) AS as_of FROM compliance.evaluation GROUP BY policy_key
) AS l ON l.policy_key = t.policy_key;

COMMENT ON VIEW report.count_time IS 'One row per policy, account-region, condition and time in which it held for the same number of items. A piece of the other views.';
COMMENT ON COLUMN report.count_time.policy_id IS 'Id of the policy.';
COMMENT ON COLUMN report.count_time.account_id IS 'AWS account id.';
COMMENT ON COLUMN report.count_time.region IS 'AWS region.';
COMMENT ON COLUMN report.count_time.status IS 'Status that the condition gives.';
COMMENT ON COLUMN report.count_time.valid_from IS 'as_of of the first evaluation with this count.';
COMMENT ON COLUMN report.count_time.valid_to IS 'as_of of the first evaluation with another; null: still so.';
COMMENT ON COLUMN report.count_time.items IS 'Items for which the condition held.';
COMMENT ON COLUMN report.count_time.last_day IS 'UTC day of the policy''s last evaluation: of later days nothing is known.';

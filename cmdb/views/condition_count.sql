-- How many items each condition of a policy holds for now, by account and region: read from counts, not from findings.
CREATE VIEW report.condition_count AS
SELECT p.policy_id, a.account_id, ar.region, c.status, c.name AS condition, sum(t.items)::bigint AS items,
       a.name AS account_name, a.partition
FROM compliance.tally AS t
JOIN compliance.policy AS p ON p.policy_key = t.policy_key
JOIN compliance.condition AS c ON c.condition_key = t.condition_key
JOIN cmdb.account_region AS ar ON ar.account_region_id = t.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key
WHERE t.valid_to IS NULL AND c.status <> 'DISAPPEARED'
GROUP BY p.policy_key, p.policy_id, a.account_key, a.account_id, a.name, a.partition, ar.region, c.status, c.name;

COMMENT ON VIEW report.condition_count IS 'One row per policy, account, region and condition that holds for something that is there: for how many items.';
COMMENT ON COLUMN report.condition_count.policy_id IS 'Id of the policy.';
COMMENT ON COLUMN report.condition_count.account_id IS 'AWS account id.';
COMMENT ON COLUMN report.condition_count.region IS 'AWS region.';
COMMENT ON COLUMN report.condition_count.status IS 'COMPLIANT, INCOMPLIANT, INAPPLICABLE or UNDETERMINED.';
COMMENT ON COLUMN report.condition_count.condition IS 'Condition of the policy that holds first.';
COMMENT ON COLUMN report.condition_count.items IS 'Items for which it holds.';
COMMENT ON COLUMN report.condition_count.account_name IS 'Name of the account; null when it was never told.';
COMMENT ON COLUMN report.condition_count.partition IS 'AWS partition.';

-- By how much the number of findings that exceptions cover changed at a time; a piece of other views.
CREATE VIEW report.excepted_change AS
SELECT s.policy_key, s.account_region_id, s.status, h.changed_at, sum(h.items) AS items
FROM report.excepted_time AS s
CROSS JOIN LATERAL (VALUES (s.valid_from, 1), (s.valid_to, -1)) AS h (changed_at, items)
GROUP BY s.policy_key, s.account_region_id, s.status, h.changed_at;

COMMENT ON VIEW report.excepted_change IS 'One row per policy, account-region, status and time at which the number of findings covered by exceptions changed. A piece of the other views.';
COMMENT ON COLUMN report.excepted_change.policy_key IS 'Key of the policy.';
COMMENT ON COLUMN report.excepted_change.account_region_id IS 'Key of the account-region.';
COMMENT ON COLUMN report.excepted_change.status IS 'INCOMPLIANT or UNDETERMINED.';
COMMENT ON COLUMN report.excepted_change.changed_at IS 'When the number changed; later than now where exceptions end then.';
COMMENT ON COLUMN report.excepted_change.items IS 'Findings covered then, less those covered before.';

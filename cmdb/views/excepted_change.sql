-- By how much the number of findings that exceptions cover changed at a time; a piece of other views.
CREATE VIEW report.excepted_change AS
SELECT s.policy_key, s.account_region_id, s.status, h.changed_at, sum(h.items) AS items
FROM (
    -- A finding that several exceptions cover counts once.
    SELECT r.policy_key, x.item_id, x.account_region_id, c.status,
           range_agg(tstzrange(
               greatest(v.entered_at, v.valid_from, x.valid_from, r.valid_from),
               least(v.ended_at, v.valid_until, x.valid_to, r.valid_to)
           )) AS covered
    FROM compliance.exception_version AS v
    JOIN compliance.policy AS p ON p.policy_id LIKE ANY (v.policies_like)
    JOIN compliance.exception_item AS x ON x.exception_version_id = v.exception_version_id
    JOIN (
        SELECT policy_key, item_id, condition_key, valid_from, NULL::timestamptz AS valid_to
        FROM compliance.record
        UNION ALL
        SELECT policy_key, item_id, condition_key, valid_from, valid_to
        FROM compliance.record_closed
    ) AS r ON r.policy_key = p.policy_key AND r.item_id = x.item_id
    JOIN compliance.condition AS c ON c.condition_key = r.condition_key AND c.status = ANY (v.statuses)
    WHERE greatest(v.entered_at, v.valid_from, x.valid_from, r.valid_from)
        < least(v.ended_at, v.valid_until, x.valid_to, r.valid_to)
    GROUP BY r.policy_key, x.item_id, x.account_region_id, c.status
) AS s
CROSS JOIN LATERAL unnest(s.covered) AS w
CROSS JOIN LATERAL (VALUES (lower(w), 1), (upper(w), -1)) AS h (changed_at, items)
GROUP BY s.policy_key, s.account_region_id, s.status, h.changed_at;

COMMENT ON VIEW report.excepted_change IS 'One row per policy, account-region, status and time at which the number of findings covered by exceptions changed. A piece of the other views.';
COMMENT ON COLUMN report.excepted_change.policy_key IS 'Key of the policy.';
COMMENT ON COLUMN report.excepted_change.account_region_id IS 'Key of the account-region.';
COMMENT ON COLUMN report.excepted_change.status IS 'INCOMPLIANT or UNDETERMINED.';
COMMENT ON COLUMN report.excepted_change.changed_at IS 'When the number changed; later than now where exceptions end then.';
COMMENT ON COLUMN report.excepted_change.items IS 'Findings covered then, less those covered before.';

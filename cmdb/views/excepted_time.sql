-- Times in which exceptions covered findings; a piece of other views.
CREATE VIEW report.excepted_time AS
SELECT s.policy_key, s.item_id, s.account_region_id, s.status, lower(w) AS valid_from, upper(w) AS valid_to
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
CROSS JOIN LATERAL unnest(s.covered) AS w;

COMMENT ON VIEW report.excepted_time IS 'One row per finding, status and time in which exceptions covered it. A piece of the other views.';
COMMENT ON COLUMN report.excepted_time.policy_key IS 'Key of the policy.';
COMMENT ON COLUMN report.excepted_time.item_id IS 'Key of the item in the CMDB.';
COMMENT ON COLUMN report.excepted_time.account_region_id IS 'Key of its account-region.';
COMMENT ON COLUMN report.excepted_time.status IS 'Status of the finding.';
COMMENT ON COLUMN report.excepted_time.valid_from IS 'Start of the time, inclusive.';
COMMENT ON COLUMN report.excepted_time.valid_to IS 'End of the time, exclusive; it may lie ahead.';

-- By how much the number of findings of owners changed at a time; a piece of other views.
CREATE VIEW report.owner_change AS
SELECT s.policy_key, s.owner_key, s.status, s.is_excepted, h.changed_at, sum(h.items) AS items
FROM (
    SELECT r.policy_key, w.owner_key, c.status, false AS is_excepted,
           greatest(r.valid_from, w.valid_from) AS valid_from, least(r.valid_to, w.valid_to) AS valid_to
    FROM report.item_owner AS w
    JOIN (
        SELECT policy_key, item_id, condition_key, valid_from, NULL::timestamptz AS valid_to
        FROM compliance.record
        UNION ALL
        SELECT policy_key, item_id, condition_key, valid_from, valid_to
        FROM compliance.record_closed
    ) AS r ON r.item_id = w.item_id
    JOIN compliance.condition AS c ON c.condition_key = r.condition_key AND c.status <> 'DISAPPEARED'
    UNION ALL
    SELECT x.policy_key, w.owner_key, x.status, true, greatest(x.valid_from, w.valid_from),
           least(x.valid_to, w.valid_to)
    FROM report.item_owner AS w
    JOIN report.excepted_time AS x ON x.item_id = w.item_id
) AS s
CROSS JOIN LATERAL (VALUES (s.valid_from, 1), (s.valid_to, -1)) AS h (changed_at, items)
WHERE s.valid_from < coalesce(s.valid_to, 'infinity') AND h.changed_at IS NOT NULL
GROUP BY s.policy_key, s.owner_key, s.status, s.is_excepted, h.changed_at;

COMMENT ON VIEW report.owner_change IS 'One row per policy, owner, status, whether exceptions cover it, and time at which the number of such findings changed. A piece of the other views.';
COMMENT ON COLUMN report.owner_change.policy_key IS 'Key of the policy.';
COMMENT ON COLUMN report.owner_change.owner_key IS 'Key of the owner.';
COMMENT ON COLUMN report.owner_change.status IS 'Status of the findings.';
COMMENT ON COLUMN report.owner_change.is_excepted IS 'Whether the findings that exceptions cover are meant, or all.';
COMMENT ON COLUMN report.owner_change.changed_at IS 'When.';
COMMENT ON COLUMN report.owner_change.items IS 'Findings more than before.';

-- Findings that an exception covers now; of several, the one in force longest counts. A piece of other views.
CREATE VIEW report.excepted AS
SELECT DISTINCT ON (r.policy_key, r.item_id)
    r.policy_key,
    r.item_id,
    x.account_region_id,
    c.status,
    r.episode_since,
    v.exception_id,
    v.valid_until AS exception_until,
    p.policy_id,
    a.account_id,
    o.name AS owner
FROM report.exception_moment AS m
JOIN compliance.exception_version AS v
    ON v.ended_at IS NULL AND v.valid_from <= m.moment AND v.valid_until > m.moment
JOIN compliance.policy AS p ON p.policy_id LIKE ANY (v.policies_like)
JOIN compliance.exception_item AS x
    ON x.exception_version_id = v.exception_version_id AND x.valid_to IS NULL
JOIN compliance.record AS r ON r.policy_key = p.policy_key AND r.item_id = x.item_id
JOIN compliance.condition AS c ON c.condition_key = r.condition_key AND c.status = ANY (v.statuses)
JOIN cmdb.account_region AS ar ON ar.account_region_id = x.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key
LEFT JOIN compliance.item_owner AS io ON io.item_id = r.item_id
LEFT JOIN compliance.owner AS o ON o.owner_key = io.owner_key
ORDER BY r.policy_key, r.item_id, v.valid_until DESC, v.exception_id;

COMMENT ON VIEW report.excepted IS 'One row per finding that an exception covers now. A piece of the other views.';
COMMENT ON COLUMN report.excepted.policy_key IS 'Key of the policy.';
COMMENT ON COLUMN report.excepted.item_id IS 'Key of the item in the CMDB.';
COMMENT ON COLUMN report.excepted.account_region_id IS 'Key of the item''s account-region.';
COMMENT ON COLUMN report.excepted.status IS 'INCOMPLIANT or UNDETERMINED.';
COMMENT ON COLUMN report.excepted.episode_since IS 'When the incompliant episode began that the item is in; null: none.';
COMMENT ON COLUMN report.excepted.exception_id IS 'Id of the exception.';
COMMENT ON COLUMN report.excepted.exception_until IS 'When the exception ends.';
COMMENT ON COLUMN report.excepted.policy_id IS 'Id of the policy.';
COMMENT ON COLUMN report.excepted.account_id IS 'AWS account id.';
COMMENT ON COLUMN report.excepted.owner IS 'Owner of the item; null: none is known.';

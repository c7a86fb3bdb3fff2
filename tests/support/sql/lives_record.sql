-- Compliance records (record) with names for keys.
SELECT p.policy_id, r.item_id, r.valid_from, NULL::timestamptz, c.name, c.status, r.status_since, r.episode_since,
       r.recheck_at, r.evidence, r.subjects, r.subject_count
FROM compliance.record AS r
JOIN compliance.policy AS p ON p.policy_key = r.policy_key
JOIN compliance.condition AS c ON c.condition_key = r.condition_key

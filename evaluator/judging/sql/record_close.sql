-- Close the records that verdicts replace.
INSERT INTO compliance.record_closed
    (policy_key, item_id, valid_from, valid_to, condition_key, policy_version_id, status_since,
     episode_since, recheck_at, evidence, subjects, subject_count)
SELECT r.policy_key, r.item_id, r.valid_from, %(as_of)s, r.condition_key, r.policy_version_id,
       r.status_since, r.episode_since, r.recheck_at, r.evidence, r.subjects, r.subject_count
FROM pg_temp.verdict AS v
JOIN compliance.record AS r ON r.policy_key = %(policy_key)s AND r.item_id = v.item_id

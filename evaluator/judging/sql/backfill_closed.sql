-- Records that ended.
INSERT INTO compliance.record_closed
    (policy_key, item_id, valid_from, valid_to, condition_key, policy_version_id, status_since,
     episode_since, recheck_at, evidence, subjects, subject_count)
SELECT %(policy_key)s, i.item_id, i.valid_from, i.valid_to, i.condition_key, %(policy_version_id)s,
       i.status_since, i.episode_since, i.recheck_at, i.evidence, i.subjects, i.subject_count
FROM island AS i
WHERE i.valid_to IS NOT NULL

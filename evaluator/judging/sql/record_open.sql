-- Open records for verdicts; the status's start and the episode's go on where they are not interrupted.
INSERT INTO compliance.record AS r
    (policy_key, item_id, valid_from, condition_key, policy_version_id, status_since, episode_since,
     recheck_at, evidence, subjects, subject_count)
SELECT %(policy_key)s, v.item_id, %(as_of)s, v.condition_key, %(policy_version_id)s,
       CASE WHEN before.status = now.status THEN old.status_since ELSE %(as_of)s END,
       CASE now.status
           WHEN 'INCOMPLIANT' THEN coalesce(old.episode_since, %(as_of)s)
           WHEN 'UNDETERMINED' THEN old.episode_since
       END,
       v.recheck_at, v.evidence, v.subjects, v.subject_count
FROM pg_temp.verdict AS v
JOIN compliance.condition AS now ON now.condition_key = v.condition_key
LEFT JOIN compliance.record AS old ON old.policy_key = %(policy_key)s AND old.item_id = v.item_id
LEFT JOIN compliance.condition AS before ON before.condition_key = old.condition_key
-- Entered in the order of the key, the index is as small as it can be.
ORDER BY v.item_id
ON CONFLICT (policy_key, item_id) DO UPDATE
SET valid_from = excluded.valid_from,
    condition_key = excluded.condition_key,
    policy_version_id = excluded.policy_version_id,
    status_since = excluded.status_since,
    episode_since = excluded.episode_since,
    recheck_at = excluded.recheck_at,
    evidence = excluded.evidence,
    subjects = excluded.subjects,
    subject_count = excluded.subject_count

-- Bring back the records that an earlier evaluation of the same as_of closed.
WITH restored AS (
    DELETE FROM compliance.record_closed
    WHERE policy_key = %(policy_key)s AND valid_to = %(as_of)s
    RETURNING policy_key, item_id, valid_from, condition_key, policy_version_id, status_since,
              episode_since, recheck_at, evidence, subjects, subject_count
)
INSERT INTO compliance.record
    (policy_key, item_id, valid_from, condition_key, policy_version_id, status_since, episode_since,
     recheck_at, evidence, subjects, subject_count)
SELECT policy_key, item_id, valid_from, condition_key, policy_version_id, status_since, episode_since,
       recheck_at, evidence, subjects, subject_count
FROM restored

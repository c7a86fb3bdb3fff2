-- Bring back the records that an earlier evaluation of the same as_of closed.
WITH restored AS (
    DELETE FROM compliance.record_closed
    WHERE policy_key = %(policy_key)s AND valid_to = %(as_of)s
    RETURNING policy_key, stage_id, valid_from, condition_key, policy_version_id, status_since,
              episode_since, recheck_at, stage_version, rest_api_version, integration_version,
              certificate_version
)
INSERT INTO compliance.record
    (policy_key, stage_id, valid_from, condition_key, policy_version_id, status_since, episode_since,
     recheck_at, stage_version, rest_api_version, integration_version, certificate_version)
SELECT policy_key, stage_id, valid_from, condition_key, policy_version_id, status_since, episode_since,
       recheck_at, stage_version, rest_api_version, integration_version, certificate_version
FROM restored

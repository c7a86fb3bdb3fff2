-- Compliance records (record_closed) with names for keys.
SELECT p.policy_id, r.stage_id, r.valid_from, r.valid_to, c.name, c.status, r.status_since, r.episode_since,
       r.recheck_at, r.stage_version, r.rest_api_version, r.integration_version, r.certificate_version
FROM compliance.record_closed AS r
JOIN compliance.policy AS p ON p.policy_key = r.policy_key
JOIN compliance.condition AS c ON c.condition_key = r.condition_key

-- Verdicts with their evidence, for the stages whose record changes.
INSERT INTO pg_temp.verdict
    (stage_id, account_region_id, condition_key, status, recheck_at, stage_version, rest_api_version,
     integration_version, certificate_version)
WITH {relations}
SELECT v.stage_id, v.account_region_id, c.condition_key, c.status, v.recheck_at, v.stage_version,
       v.rest_api_version, v.integration_version, v.certificate_version
FROM ({logic}) AS v
JOIN compliance.condition AS c
    ON c.policy_key = %(policy_key)s AND c.name = v.condition AND c.condition_key = ANY(%(conditions)s)
{restriction}

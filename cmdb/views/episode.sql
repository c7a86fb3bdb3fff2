-- Incompliant episodes, ended ones and those that go on.
CREATE VIEW report.episode AS
SELECT
    p.policy_id,
    report.resource_arn(a.partition, ar.region, api.rest_api_id, s.stage_name) AS resource_arn,
    a.account_id,
    ar.region,
    api.rest_api_id,
    s.stage_name,
    e.started_at,
    e.ended_at,
    e.outcome,
    round(extract(epoch FROM coalesce(e.ended_at, l.as_of) - e.started_at) / 86400, 2) AS days,
    a.name AS account_name,
    s.stage_id
FROM (
    SELECT policy_key, stage_id, started_at, ended_at, outcome FROM compliance.episode
    UNION ALL
    SELECT policy_key, stage_id, episode_since, NULL, NULL
    FROM compliance.record
    WHERE episode_since IS NOT NULL
) AS e
JOIN compliance.policy AS p ON p.policy_key = e.policy_key
JOIN cmdb.stage AS s ON s.stage_id = e.stage_id
JOIN cmdb.rest_api AS api ON api.rest_api_key = s.rest_api_key
JOIN cmdb.account_region AS ar ON ar.account_region_id = s.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key
LEFT JOIN (
    SELECT policy_key, max(as_of) AS as_of FROM compliance.evaluation GROUP BY policy_key
) AS l ON l.policy_key = e.policy_key;

COMMENT ON VIEW report.episode IS 'One row per incompliant episode of a stage under a policy; undetermined stretches interrupt neither an episode nor its clock.';
COMMENT ON COLUMN report.episode.policy_id IS 'Id of the policy.';
COMMENT ON COLUMN report.episode.resource_arn IS 'ARN of the stage.';
COMMENT ON COLUMN report.episode.account_id IS 'AWS account id.';
COMMENT ON COLUMN report.episode.region IS 'AWS region.';
COMMENT ON COLUMN report.episode.rest_api_id IS 'AWS id of the REST API.';
COMMENT ON COLUMN report.episode.stage_name IS 'Name of the stage.';
COMMENT ON COLUMN report.episode.started_at IS 'as_of of the evaluation that found the stage incompliant first.';
COMMENT ON COLUMN report.episode.ended_at IS 'as_of of the evaluation that found it so no longer; null: the episode goes on.';
COMMENT ON COLUMN report.episode.outcome IS 'What ended it: COMPLIANT (remediated), INAPPLICABLE or DISAPPEARED; null: it goes on.';
COMMENT ON COLUMN report.episode.days IS 'Length in days, two decimals; of one that goes on, up to the policy''s last evaluation.';
COMMENT ON COLUMN report.episode.account_name IS 'Name of the account today.';
COMMENT ON COLUMN report.episode.stage_id IS 'Key of the stage in the CMDB.';

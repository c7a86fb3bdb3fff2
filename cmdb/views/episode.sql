-- Incompliant episodes, ended ones and those that go on.
CREATE VIEW report.episode AS
SELECT
    p.policy_id,
    i.resource_arn,
    i.account_id,
    i.region,
    i.rest_api_id,
    i.stage_name,
    e.started_at,
    e.ended_at,
    e.outcome,
    round(extract(epoch FROM coalesce(e.ended_at, l.as_of) - e.started_at) / 86400, 2) AS days,
    i.account_name,
    i.item_id,
    i.item_type,
    i.api_id
FROM (
    SELECT policy_key, item_id, started_at, ended_at, outcome FROM compliance.episode
    UNION ALL
    SELECT policy_key, item_id, episode_since, NULL, NULL
    FROM compliance.record
    WHERE episode_since IS NOT NULL
) AS e
JOIN compliance.policy AS p ON p.policy_key = e.policy_key
JOIN report.item_identity AS i ON i.item_id = e.item_id
LEFT JOIN (
    SELECT policy_key, max(as_of) AS as_of FROM compliance.evaluation GROUP BY policy_key
) AS l ON l.policy_key = e.policy_key;

COMMENT ON VIEW report.episode IS 'One row per incompliant episode of an item under a policy; undetermined stretches interrupt neither an episode nor its clock.';
COMMENT ON COLUMN report.episode.policy_id IS 'Id of the policy.';
COMMENT ON COLUMN report.episode.resource_arn IS 'ARN of the item.';
COMMENT ON COLUMN report.episode.account_id IS 'AWS account id.';
COMMENT ON COLUMN report.episode.region IS 'AWS region.';
COMMENT ON COLUMN report.episode.rest_api_id IS 'AWS id of the REST API that the item is or belongs to; null for other items.';
COMMENT ON COLUMN report.episode.stage_name IS 'Name of the stage; null for other items.';
COMMENT ON COLUMN report.episode.started_at IS 'as_of of the evaluation that found the item incompliant first.';
COMMENT ON COLUMN report.episode.ended_at IS 'as_of of the evaluation that found it so no longer; null: the episode goes on.';
COMMENT ON COLUMN report.episode.outcome IS 'What ended it: COMPLIANT (remediated), INAPPLICABLE or DISAPPEARED; null: it goes on.';
COMMENT ON COLUMN report.episode.days IS 'Length in days, two decimals; of one that goes on, up to the policy''s last evaluation.';
COMMENT ON COLUMN report.episode.account_name IS 'Name of the account today.';
COMMENT ON COLUMN report.episode.item_id IS 'Key of the item in the CMDB.';
COMMENT ON COLUMN report.episode.item_type IS 'Type of the item.';
COMMENT ON COLUMN report.episode.api_id IS 'AWS id of the API, REST, HTTP or WebSocket, that the item is or belongs to; null for other items.';

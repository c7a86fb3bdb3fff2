-- How the APIs stand now under each policy: what it says of them, or of what belongs to them.
CREATE VIEW report.api_compliance AS
SELECT
    p.policy_id,
    a.account_id,
    ar.region,
    own.api_id,
    own.api_name,
    n.stages,
    n.compliant,
    n.incompliant,
    n.inapplicable,
    n.undetermined,
    report.percent(n.compliant, n.incompliant) AS compliance_percent,
    n.excepted,
    n.undetermined_excepted,
    report.percent(n.compliant, n.incompliant - n.excepted) AS compliance_percent_with_exceptions,
    n.oldest_incompliant,
    own.api_type,
    p.resource_type,
    a.name AS account_name,
    a.partition,
    n.api_item_id
FROM (
    -- Counted by keys alone; names come after.
    SELECT
        r.policy_key,
        o.api_item_id,
        o.account_region_id,
        count(*) AS stages,
        count(*) FILTER (WHERE c.status = 'COMPLIANT') AS compliant,
        count(*) FILTER (WHERE c.status = 'INCOMPLIANT') AS incompliant,
        count(*) FILTER (WHERE c.status = 'INAPPLICABLE') AS inapplicable,
        count(*) FILTER (WHERE c.status = 'UNDETERMINED') AS undetermined,
        count(x.item_id) FILTER (WHERE c.status = 'INCOMPLIANT') AS excepted,
        count(x.item_id) FILTER (WHERE c.status = 'UNDETERMINED') AS undetermined_excepted,
        min(r.episode_since) FILTER (WHERE c.status = 'INCOMPLIANT') AS oldest_incompliant
    FROM compliance.record AS r
    JOIN compliance.condition AS c ON c.condition_key = r.condition_key
    JOIN report.item_api AS o ON o.item_id = r.item_id
    LEFT JOIN report.excepted AS x ON x.policy_key = r.policy_key AND x.item_id = r.item_id
    WHERE c.status <> 'DISAPPEARED'
    GROUP BY r.policy_key, o.api_item_id, o.account_region_id
) AS n
JOIN report.item_api AS own ON own.item_id = n.api_item_id
JOIN compliance.policy AS p ON p.policy_key = n.policy_key
JOIN cmdb.account_region AS ar ON ar.account_region_id = n.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key;

COMMENT ON VIEW report.api_compliance IS 'One row per policy and API that is, or has something, judged by it and there: how it stands now.';
COMMENT ON COLUMN report.api_compliance.policy_id IS 'Id of the policy.';
COMMENT ON COLUMN report.api_compliance.account_id IS 'AWS account id.';
COMMENT ON COLUMN report.api_compliance.region IS 'AWS region.';
COMMENT ON COLUMN report.api_compliance.api_id IS 'AWS id of the API.';
COMMENT ON COLUMN report.api_compliance.api_name IS 'Name of the API; null when it has none.';
COMMENT ON COLUMN report.api_compliance.stages IS 'Items of the API that the policy judges: its stages, or another part of it, or the API itself.';
COMMENT ON COLUMN report.api_compliance.compliant IS 'Of these, COMPLIANT ones.';
COMMENT ON COLUMN report.api_compliance.incompliant IS 'Of these, INCOMPLIANT ones.';
COMMENT ON COLUMN report.api_compliance.inapplicable IS 'Of these, INAPPLICABLE ones.';
COMMENT ON COLUMN report.api_compliance.undetermined IS 'Of these, UNDETERMINED ones; to be read beside the percentage.';
COMMENT ON COLUMN report.api_compliance.compliance_percent IS 'compliant / (compliant + incompliant), in percent with two decimals; null when there is neither.';
COMMENT ON COLUMN report.api_compliance.excepted IS 'Of the INCOMPLIANT ones, those that an exception covers now.';
COMMENT ON COLUMN report.api_compliance.undetermined_excepted IS 'Of the UNDETERMINED ones, those that an exception covers now.';
COMMENT ON COLUMN report.api_compliance.compliance_percent_with_exceptions IS 'compliant / (compliant + incompliant - excepted), in percent with two decimals; null when there is neither.';
COMMENT ON COLUMN report.api_compliance.oldest_incompliant IS 'When the oldest incompliant episode began that is still open; null: none is.';
COMMENT ON COLUMN report.api_compliance.api_type IS 'Item type of the API.';
COMMENT ON COLUMN report.api_compliance.resource_type IS 'What the policy judges.';
COMMENT ON COLUMN report.api_compliance.account_name IS 'Name of the account; null when it was never told.';
COMMENT ON COLUMN report.api_compliance.partition IS 'AWS partition.';
COMMENT ON COLUMN report.api_compliance.api_item_id IS 'Key of the API in the CMDB.';

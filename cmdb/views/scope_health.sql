-- How well each scope is collected.
CREATE VIEW report.scope_health AS
SELECT
    a.account_id,
    ar.region,
    sc.item_type,
    sc.status,
    sc.last_success_at,
    sc.last_attempt_at,
    sc.error,
    a.name AS account_name,
    sc.failure_kind,
    sc.operation,
    sc.read_at,
    sc.items,
    coalesce(u.unread, 0) AS unread,
    sc.calls,
    sc.throttles,
    sc.waited_seconds,
    sc.duration_seconds,
    a.retired_at,
    st.valid_from AS state_since
FROM cmdb.scope AS sc
JOIN cmdb.account_region AS ar ON ar.account_region_id = sc.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key
LEFT JOIN (
    SELECT account_region_id, item_type, count(*) AS unread
    FROM cmdb.unread_item WHERE valid_to IS NULL
    GROUP BY account_region_id, item_type
) AS u ON u.account_region_id = sc.account_region_id AND u.item_type = sc.item_type
LEFT JOIN cmdb.scope_state AS st
    ON st.account_region_id = sc.account_region_id AND st.item_type = sc.item_type AND st.valid_to IS NULL;

COMMENT ON VIEW report.scope_health IS 'One row per account, region and item type: how its collection stands.';
COMMENT ON COLUMN report.scope_health.account_id IS 'AWS account id.';
COMMENT ON COLUMN report.scope_health.region IS 'AWS region; global for the account itself.';
COMMENT ON COLUMN report.scope_health.item_type IS 'What is collected.';
COMMENT ON COLUMN report.scope_health.status IS 'complete, partial, failed, skipped or uncollected.';
COMMENT ON COLUMN report.scope_health.last_success_at IS 'as_of of the last complete reading; null: never.';
COMMENT ON COLUMN report.scope_health.last_attempt_at IS 'as_of of the last run that covered the scope.';
COMMENT ON COLUMN report.scope_health.error IS 'The failure, or the reason of the skip, in one sentence.';
COMMENT ON COLUMN report.scope_health.account_name IS 'Name of the account.';
COMMENT ON COLUMN report.scope_health.failure_kind IS 'Kind of the failure: denied, throttled, unreachable, malformed, ...';
COMMENT ON COLUMN report.scope_health.operation IS 'AWS operation that failed.';
COMMENT ON COLUMN report.scope_health.read_at IS 'as_of of the last complete or partial reading.';
COMMENT ON COLUMN report.scope_health.items IS 'Items of the last reading.';
COMMENT ON COLUMN report.scope_health.unread IS 'Items that the last reading left out.';
COMMENT ON COLUMN report.scope_health.calls IS 'AWS calls of the last attempt on the account-region.';
COMMENT ON COLUMN report.scope_health.throttles IS '429 answers among them.';
COMMENT ON COLUMN report.scope_health.waited_seconds IS 'Seconds spent waiting for the quota.';
COMMENT ON COLUMN report.scope_health.duration_seconds IS 'Seconds that reading the account-region took.';
COMMENT ON COLUMN report.scope_health.retired_at IS 'When the account was retired; null: in use.';
COMMENT ON COLUMN report.scope_health.state_since IS 'as_of of the first run that found it in its present status, for the same kind of failure.';

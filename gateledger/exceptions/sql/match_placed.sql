-- In which account-regions rules may match (null: anywhere); patterns of accounts and regions are settled here.
CREATE TEMPORARY TABLE placed ON COMMIT DROP AS
WITH given AS (
    SELECT rule_id, arn_like, api_like, tags_like, rest_api_id, api, nullif(account_like, '%') AS account_like,
           nullif(region_like, '%') AS region_like
    FROM pg_temp.wanted
)
SELECT w.rule_id, w.arn_like, w.api_like, w.tags_like, w.rest_api_id, w.api, ar.account_region_id
FROM given AS w
JOIN cmdb.account AS a ON w.account_like IS NULL OR a.account_id LIKE w.account_like
JOIN cmdb.account_region AS ar
    ON ar.account_key = a.account_key AND (w.region_like IS NULL OR ar.region LIKE w.region_like)
WHERE w.account_like IS NOT NULL OR w.region_like IS NOT NULL
UNION ALL
SELECT rule_id, arn_like, api_like, tags_like, rest_api_id, api, NULL
FROM given
WHERE account_like IS NULL AND region_like IS NULL

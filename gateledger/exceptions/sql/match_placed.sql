-- In which account-regions live exceptions of some ids (null: all) may match (null: anywhere); patterns of accounts and regions are settled here.
CREATE TEMPORARY TABLE placed ON COMMIT DROP AS
WITH wanted AS (
    SELECT exception_version_id, arn_like, api_like, tags_like, rest_api_id,
           nullif(account_like, '%%') AS account_like, nullif(region_like, '%%') AS region_like,
           CASE WHEN match ->> 'api' !~ '[*?]' THEN match ->> 'api' END AS api
    FROM compliance.exception_version
    WHERE ended_at IS NULL AND (%(ids)s::text[] IS NULL OR exception_id = ANY (%(ids)s))
)
SELECT w.exception_version_id, w.arn_like, w.api_like, w.tags_like, w.rest_api_id, w.api, ar.account_region_id
FROM wanted AS w
JOIN cmdb.account AS a ON w.account_like IS NULL OR a.account_id LIKE w.account_like
JOIN cmdb.account_region AS ar
    ON ar.account_key = a.account_key AND (w.region_like IS NULL OR ar.region LIKE w.region_like)
WHERE w.account_like IS NOT NULL OR w.region_like IS NOT NULL
UNION ALL
SELECT exception_version_id, arn_like, api_like, tags_like, rest_api_id, api, NULL
FROM wanted
WHERE account_like IS NULL AND region_like IS NULL

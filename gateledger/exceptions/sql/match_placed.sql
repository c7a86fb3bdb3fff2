-- In which account-regions live exceptions of some ids (null: all) may match; patterns of accounts are settled here.
CREATE TEMPORARY TABLE placed ON COMMIT DROP AS
SELECT v.exception_version_id, v.arn_like, v.api_like, v.tags_like, v.rest_api_id, ar.account_region_id,
       CASE WHEN v.match ->> 'api' !~ '[*?]' THEN v.match ->> 'api' END AS api
FROM compliance.exception_version AS v
JOIN cmdb.account AS a ON v.account_like IS NULL OR a.account_id LIKE v.account_like
JOIN cmdb.account_region AS ar
    ON ar.account_key = a.account_key AND (v.region_like IS NULL OR ar.region LIKE v.region_like)
WHERE v.ended_at IS NULL AND (%(ids)s::text[] IS NULL OR v.exception_id = ANY (%(ids)s))

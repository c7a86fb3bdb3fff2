-- Live exceptions of some ids (null: all) as rules to match with items.
CREATE TEMPORARY TABLE wanted ON COMMIT DROP AS
SELECT exception_version_id AS rule_id, account_like, region_like, arn_like, api_like, tags_like, rest_api_id,
       CASE WHEN match ->> 'api' !~ '[*?]' THEN match ->> 'api' END AS api
FROM compliance.exception_version
WHERE ended_at IS NULL AND (%(ids)s::text[] IS NULL OR exception_id = ANY (%(ids)s))

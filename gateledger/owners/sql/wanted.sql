-- A table for the rules of the mapping file.
CREATE TEMPORARY TABLE wanted (
    rule_id integer, account_like text, region_like text, arn_like text, api_like text, tags_like jsonb,
    rest_api_id text, api text
) ON COMMIT DROP

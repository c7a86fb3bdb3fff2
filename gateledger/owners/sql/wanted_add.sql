-- Add a rule.
INSERT INTO pg_temp.wanted (rule_id, account_like, region_like, arn_like, api_like, tags_like, rest_api_id, api)
VALUES (%(rule_id)s, %(account_like)s, %(region_like)s, %(arn_like)s, %(api_like)s, %(tags_like)s,
        %(rest_api_id)s, %(api)s)

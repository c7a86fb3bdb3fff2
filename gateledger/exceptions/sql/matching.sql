-- Which of these items the rules match: by the one API that they name, else by their account-regions.
CREATE TEMPORARY TABLE matched ON COMMIT DROP AS
WITH candidate AS (
    SELECT i.item_id, i.account_region_id, i.resource_arn, i.rest_api_id, i.rest_api_name,
           w.rule_id, w.arn_like, w.api_like, w.tags_like
    FROM pg_temp.placed AS w
    JOIN pg_temp.item AS i
        ON i.rest_api_id = coalesce(w.rest_api_id, w.api)
        AND (w.account_region_id IS NULL OR i.account_region_id = w.account_region_id)
    UNION ALL
    SELECT i.item_id, i.account_region_id, i.resource_arn, i.rest_api_id, i.rest_api_name,
           w.rule_id, w.arn_like, w.api_like, w.tags_like
    FROM pg_temp.placed AS w
    JOIN pg_temp.item AS i
        ON i.rest_api_name = w.api AND i.rest_api_id <> w.api
        AND (w.account_region_id IS NULL OR i.account_region_id = w.account_region_id)
    WHERE w.rest_api_id IS NULL
    UNION ALL
    SELECT i.item_id, i.account_region_id, i.resource_arn, i.rest_api_id, i.rest_api_name,
           w.rule_id, w.arn_like, w.api_like, w.tags_like
    FROM pg_temp.placed AS w
    JOIN pg_temp.item AS i ON i.account_region_id = w.account_region_id
    WHERE w.rest_api_id IS NULL AND w.api IS NULL
    UNION ALL
    SELECT i.item_id, i.account_region_id, i.resource_arn, i.rest_api_id, i.rest_api_name,
           w.rule_id, w.arn_like, w.api_like, w.tags_like
    FROM pg_temp.placed AS w
    CROSS JOIN pg_temp.item AS i
    WHERE w.rest_api_id IS NULL AND w.api IS NULL AND w.account_region_id IS NULL
)
SELECT c.item_id, c.rule_id, c.account_region_id
FROM candidate AS c
WHERE (c.arn_like IS NULL OR c.resource_arn LIKE c.arn_like)
  AND (c.api_like IS NULL OR c.rest_api_id LIKE c.api_like OR c.rest_api_name LIKE c.api_like)
  AND CASE WHEN c.tags_like IS NULL THEN true ELSE EXISTS (
      SELECT FROM report.item_tags AS t
      WHERE t.item_id = c.item_id AND NOT EXISTS (
          SELECT FROM jsonb_each_text(c.tags_like) AS w (key, pattern)
          WHERE (t.tags ->> w.key LIKE w.pattern) IS NOT TRUE
      )
  ) END

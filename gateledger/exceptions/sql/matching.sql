-- Items that live exceptions match: those of some ids (null: all), those that changed at a time or later (null: all).
CREATE TEMPORARY TABLE matched ON COMMIT DROP AS
WITH wanted AS (
    SELECT exception_version_id, account_like, region_like, arn_like, api_like, tags_like, rest_api_id
    FROM compliance.exception_version
    WHERE ended_at IS NULL AND (%(ids)s::text[] IS NULL OR exception_id = ANY (%(ids)s))
),
-- Accounts and regions are few: patterns of them are settled before items are looked at.
placed AS MATERIALIZED (
    SELECT w.exception_version_id, w.arn_like, w.api_like, w.tags_like, w.rest_api_id, ar.account_region_id
    FROM wanted AS w
    JOIN cmdb.account AS a ON w.account_like IS NULL OR a.account_id LIKE w.account_like
    JOIN cmdb.account_region AS ar
        ON ar.account_key = a.account_key AND (w.region_like IS NULL OR ar.region LIKE w.region_like)
),
item AS MATERIALIZED (
    SELECT i.item_id, i.account_region_id, i.resource_arn, i.rest_api_id, i.rest_api_name
    FROM report.item_identity AS i
    WHERE i.valid_to IS NULL
      AND i.account_region_id IN (SELECT account_region_id FROM placed)
      AND (%(since)s::timestamptz IS NULL
           OR i.item_id IN (SELECT item_id FROM report.item_changed WHERE changed_at >= %(since)s))
),
candidate AS (
    SELECT i.item_id, i.account_region_id, i.resource_arn, i.rest_api_id, i.rest_api_name,
           w.exception_version_id, w.arn_like, w.api_like, w.tags_like
    FROM placed AS w
    JOIN item AS i ON i.account_region_id = w.account_region_id AND i.rest_api_id = w.rest_api_id
    WHERE w.rest_api_id IS NOT NULL
    UNION ALL
    SELECT i.item_id, i.account_region_id, i.resource_arn, i.rest_api_id, i.rest_api_name,
           w.exception_version_id, w.arn_like, w.api_like, w.tags_like
    FROM placed AS w
    JOIN item AS i ON i.account_region_id = w.account_region_id
    WHERE w.rest_api_id IS NULL
)
SELECT c.item_id, c.exception_version_id, c.account_region_id
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

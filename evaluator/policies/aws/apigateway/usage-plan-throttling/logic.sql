-- Does the usage plan limit rate and burst, and is there a quota where one is needed? A negative limit is none.
SELECT
    CASE
        WHEN coalesce(usage_plan.rate_limit, -1) < 0 OR coalesce(usage_plan.burst_limit, -1) < 0 THEN 'rate_unlimited'
        WHEN :quota AND usage_plan.quota_limit IS NULL THEN 'quota_missing'
        WHEN usage_plan.item_id IS NOT NULL THEN 'rate_limited'
    END AS condition,
    ARRAY(
        SELECT l.name
        FROM string_to_table(
            concat(
                CASE WHEN coalesce(usage_plan.burst_limit, -1) < 0 THEN 'burst ' END,
                CASE WHEN coalesce(usage_plan.rate_limit, -1) < 0 THEN 'rate ' END
            ),
            ' '
        ) AS l (name)
        WHERE l.name <> ''
        ORDER BY 1
    ) AS subjects
FROM usage_plan

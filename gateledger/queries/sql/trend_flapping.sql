-- Stages whose status changed more often than so many times within the last days; a first verdict is no change.
WITH began AS (
    SELECT policy_id, item_id, count(*) AS changes, max(valid_from) AS last_change
    FROM report.finding_history
    WHERE valid_from > (SELECT max(as_of) FROM report.run) - %(days)s * interval '1 day' AND since = valid_from
      AND (%(policies)s::text[] IS NULL OR policy_id = ANY (%(policies)s))
      AND (%(accounts)s::text[] IS NULL OR account_id = ANY (%(accounts)s))
      AND (%(regions)s::text[] IS NULL OR region = ANY (%(regions)s))
    GROUP BY policy_id, item_id
    HAVING count(*) > %(flaps)s
),
first AS (
    SELECT h.policy_id, h.item_id, min(h.valid_from) AS first_at, max(h.resource_arn) AS resource_arn,
           max(h.account_id) AS account_id
    FROM report.finding_history AS h
    JOIN began AS b ON b.policy_id = h.policy_id AND b.item_id = h.item_id
    GROUP BY h.policy_id, h.item_id
)
SELECT b.policy_id, f.account_id, f.resource_arn, c.changes, b.last_change
FROM began AS b
JOIN first AS f ON f.policy_id = b.policy_id AND f.item_id = b.item_id
CROSS JOIN LATERAL (
    SELECT b.changes - (f.first_at > (SELECT max(as_of) FROM report.run) - %(days)s * interval '1 day')::integer
        AS changes
) AS c
WHERE c.changes > %(flaps)s
ORDER BY c.changes DESC, f.account_id, f.resource_arn, b.policy_id

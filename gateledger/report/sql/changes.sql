-- Findings that stand otherwise now than at a time, counted by policy, status then and status now (null: not there).
SELECT policy_id, before, after, count(*) AS findings
FROM (
    SELECT policy_id, item_id,
           max(status) FILTER (WHERE valid_from <= %(then)s) AS before,
           max(status) FILTER (WHERE valid_to IS NULL) AS after
    FROM report.finding_history
    WHERE (valid_to > %(then)s AND valid_from <= %(then)s) OR (valid_to IS NULL AND valid_from > %(then)s)
    GROUP BY policy_id, item_id
) AS moved
WHERE before IS DISTINCT FROM after
GROUP BY policy_id, before, after
ORDER BY policy_id, before, after

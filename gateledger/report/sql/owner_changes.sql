-- Which changes close the most findings of each owner that are incompliant and not excepted.
WITH open AS MATERIALIZED (
    SELECT owner, policy_id, condition, item_type, severity, account_id, coalesce(episode_since, since) AS since
    FROM report.finding
    -- As a CASE, which the planner takes for half of all: for a handful it would loop over all items for each.
    WHERE CASE WHEN status = 'INCOMPLIANT' THEN exception_id IS NULL ELSE false END
)
SELECT owner, policy_id, condition, item_type, severity, findings, accounts
FROM (
    SELECT owner, policy_id, condition, item_type, severity, count(*) AS findings,
           count(DISTINCT account_id) AS accounts,
           row_number() OVER (
               PARTITION BY owner
               ORDER BY count(*) DESC, report.severity_place(severity), min(since), policy_id, condition
           ) AS place
    FROM open
    WHERE owner = ANY (%(owners)s)
    GROUP BY owner, policy_id, condition, item_type, severity
) AS c
WHERE place <= %(limit)s
ORDER BY owner, place

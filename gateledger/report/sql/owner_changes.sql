-- Which changes close the most findings of each owner that are incompliant and not excepted.
SELECT owner, policy_id, condition, item_type, severity, findings, accounts
FROM (
    SELECT owner, policy_id, condition, item_type, severity, count(*) AS findings,
           count(DISTINCT account_id) AS accounts,
           row_number() OVER (
               PARTITION BY owner
               ORDER BY count(*) DESC, report.severity_place(severity), min(coalesce(episode_since, since)), policy_id,
                        condition
           ) AS place
    FROM report.finding
    WHERE status = 'INCOMPLIANT' AND exception_id IS NULL AND owner = ANY (%(owners)s)
    GROUP BY owner, policy_id, condition, item_type, severity
) AS c
WHERE place <= %(limit)s
ORDER BY owner, place

-- APIs of every account with the most incompliant findings, over all policies: counted by keys alone, named at the end.
WITH counted AS (
    SELECT o.api_item_id, o.account_region_id, v.policy_key,
           count(*) FILTER (WHERE v.status = 'INCOMPLIANT') AS incompliant,
           count(*) FILTER (WHERE v.status = 'UNDETERMINED') AS undetermined,
           count(*) FILTER (WHERE v.status = 'COMPLIANT') AS compliant,
           count(*) FILTER (WHERE v.status = 'INAPPLICABLE') AS inapplicable,
           min(v.episode_since) FILTER (WHERE v.status = 'INCOMPLIANT') AS oldest_incompliant
    FROM report.verdict AS v
    JOIN report.item_api AS o ON o.item_id = v.item_id
    GROUP BY o.api_item_id, o.account_region_id, v.policy_key
),
apis AS MATERIALIZED (
    SELECT api_item_id, account_region_id, sum(incompliant)::bigint AS incompliant,
           sum(undetermined)::bigint AS undetermined, sum(compliant)::bigint AS compliant,
           sum(inapplicable)::bigint AS inapplicable, count(*) FILTER (WHERE incompliant > 0) AS policies,
           min(oldest_incompliant) AS oldest_incompliant
    FROM counted
    GROUP BY api_item_id, account_region_id
    HAVING sum(incompliant) + sum(undetermined) > 0
)
SELECT account_id, region, api_id, api_name, api_type, incompliant, undetermined, compliant, inapplicable,
       policies, oldest_incompliant, total
FROM (
    SELECT a.account_id, a.region, own.api_id, own.api_name, own.api_type, n.incompliant, n.undetermined, n.compliant,
           n.inapplicable, n.policies, n.oldest_incompliant, count(*) OVER w AS total,
           row_number() OVER (
               w ORDER BY n.incompliant DESC, n.undetermined DESC, a.region, own.api_id
           ) AS place
    FROM apis AS n
    JOIN report.account_region AS a ON a.account_region_id = n.account_region_id
    JOIN report.item_api AS own ON own.item_id = n.api_item_id
    WINDOW w AS (PARTITION BY a.account_id)
) AS listed
WHERE place <= %(limit)s
ORDER BY account_id, place

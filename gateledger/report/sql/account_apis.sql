-- APIs of every account with the most incompliant findings, over all policies.
SELECT account_id, region, api_id, api_name, api_type, incompliant, undetermined, compliant, inapplicable,
       policies, oldest_incompliant, total
FROM (
    SELECT account_id, region, api_id, api_name, api_type, incompliant, undetermined, compliant, inapplicable,
           policies, oldest_incompliant, count(*) OVER w AS total,
           row_number() OVER (w ORDER BY incompliant DESC, undetermined DESC, region, api_id) AS place
    FROM (
        SELECT account_id, region, api_id, api_name, api_type, api_item_id,
               sum(incompliant)::bigint AS incompliant, sum(undetermined)::bigint AS undetermined,
               sum(compliant)::bigint AS compliant, sum(inapplicable)::bigint AS inapplicable,
               count(*) FILTER (WHERE incompliant > 0) AS policies, min(oldest_incompliant) AS oldest_incompliant
        FROM report.api_compliance
        GROUP BY account_id, region, api_id, api_name, api_type, api_item_id
    ) AS apis
    WHERE incompliant + undetermined > 0
    WINDOW w AS (PARTITION BY account_id)
) AS listed
WHERE place <= %(limit)s
ORDER BY account_id, place

-- All findings as CSV, one stage's policies side by side; a text that a spreadsheet would run as a formula gets a quote in front.
-- What is excepted is joined as a whole: that is quicker for all findings than to look at each.
COPY (
    SELECT f.account_id, region, rest_api_id,
           CASE WHEN rest_api_name ~ '^[-=+@\t\r]' THEN '''' || rest_api_name ELSE rest_api_name END AS rest_api_name,
           CASE WHEN stage_name ~ '^[-=+@\t\r]' THEN '''' || stage_name ELSE stage_name END AS stage_name,
           CASE WHEN client_certificate_id ~ '^[-=+@\t\r]' THEN '''' || client_certificate_id
                ELSE client_certificate_id END AS client_certificate_id,
           f.policy_id, f.status, condition, since, item_type, resource_arn,
           CASE WHEN f.owner ~ '^[-=+@\t\r]' THEN '''' || f.owner ELSE f.owner END AS owner, x.exception_id,
           x.exception_until
    FROM report.finding AS f
    LEFT JOIN report.excepted AS x ON x.policy_id = f.policy_id AND x.item_id = f.item_id
    ORDER BY account_id, region, rest_api_id, stage_name, resource_arn, policy_id
) TO STDOUT (FORMAT csv, HEADER true)

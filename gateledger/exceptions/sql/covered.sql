-- Which findings an exception covers now and covered before, each with the time; the latest first.
SELECT p.policy_id, i.resource_arn, i.account_id, i.region, i.rest_api_id, i.stage_name, s.status,
       lower(w) AS covered_from,
       CASE WHEN upper(w) > m.moment THEN NULL ELSE upper(w) END AS covered_until
FROM (
    SELECT r.policy_key, r.item_id, c.status,
           range_agg(tstzrange(
               greatest(v.entered_at, v.valid_from, x.valid_from, r.valid_from),
               least(v.ended_at, v.valid_until, x.valid_to, r.valid_to)
           )) AS covered
    FROM compliance.exception_version AS v
    JOIN compliance.policy AS p ON p.policy_id LIKE ANY (v.policies_like)
    JOIN compliance.exception_item AS x ON x.exception_version_id = v.exception_version_id
    JOIN (
        SELECT policy_key, item_id, condition_key, valid_from, NULL::timestamptz AS valid_to
        FROM compliance.record
        UNION ALL
        SELECT policy_key, item_id, condition_key, valid_from, valid_to
        FROM compliance.record_closed
    ) AS r ON r.policy_key = p.policy_key AND r.item_id = x.item_id
    JOIN compliance.condition AS c ON c.condition_key = r.condition_key AND c.status = ANY (v.statuses)
    WHERE v.exception_id = %(exception_id)s
      AND greatest(v.entered_at, v.valid_from, x.valid_from, r.valid_from)
        < least(v.ended_at, v.valid_until, x.valid_to, r.valid_to)
    GROUP BY r.policy_key, r.item_id, c.status
) AS s
CROSS JOIN LATERAL unnest(s.covered) AS w
CROSS JOIN report.exception_moment AS m
JOIN compliance.policy AS p ON p.policy_key = s.policy_key
JOIN report.item_identity AS i ON i.item_id = s.item_id
WHERE lower(w) <= m.moment
ORDER BY upper(w) > m.moment DESC, i.account_id, i.region, i.resource_arn, p.policy_id, lower(w)
LIMIT %(limit)s

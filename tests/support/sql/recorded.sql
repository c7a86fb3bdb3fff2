-- The verdicts that a policy's records hold for a time, with the evidence of the night on which each began.
SELECT r.item_id, r.valid_from, c.name AS condition, string_to_array(r.evidence, ' ')::bigint[] AS evidence
FROM (
    SELECT policy_key, item_id, condition_key, valid_from, NULL::timestamptz AS valid_to, evidence
    FROM compliance.record
    UNION ALL
    SELECT policy_key, item_id, condition_key, valid_from, valid_to, evidence
    FROM compliance.record_closed
) AS r
JOIN compliance.condition AS c ON c.condition_key = r.condition_key
JOIN compliance.policy AS p ON p.policy_key = r.policy_key
WHERE p.policy_id = %(policy_id)s AND r.valid_from <= %(as_of)s
  AND (r.valid_to IS NULL OR r.valid_to > %(as_of)s)

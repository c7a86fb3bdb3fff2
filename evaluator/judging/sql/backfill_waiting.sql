-- Policies whose past nights are still to be judged, those that failed last, with the scopes read before them.
SELECT p.policy_id,
       ARRAY(SELECT DISTINCT s.item_type FROM cmdb.scope_state AS s
             WHERE s.status IN ('complete', 'partial') AND s.valid_from < b.first_judged_at) AS read_before
FROM compliance.backfill AS b
JOIN compliance.policy AS p ON p.policy_key = b.policy_key
WHERE b.done_at IS NULL
ORDER BY b.tried_at NULLS FIRST, p.policy_id

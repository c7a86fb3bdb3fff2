-- Policies that a run judged for the first time although earlier nights were there.
SELECT policy_id
FROM report.policy
WHERE first_judged_at = %(as_of)s
ORDER BY policy_id

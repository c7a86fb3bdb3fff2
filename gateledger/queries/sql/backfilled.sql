-- Past nights that a run judged for policies that were new, and policies for which that failed or is still to come.
SELECT policy_id, backfilled_nights AS nights, backfill_error AS error
FROM report.policy
WHERE first_judged_at IS NOT NULL
  AND (backfilled_at IS NULL OR (backfilled_at = %(as_of)s AND backfilled_nights > 0))
ORDER BY policy_id

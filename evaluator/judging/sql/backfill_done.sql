-- Note that a policy's past nights are judged, where that was still to be done.
UPDATE compliance.backfill
SET done_at = %(as_of)s, nights = (SELECT count(*) - 1 FROM pg_temp.night), tried_at = NULL, error = NULL
WHERE policy_key = %(policy_key)s AND done_at IS NULL

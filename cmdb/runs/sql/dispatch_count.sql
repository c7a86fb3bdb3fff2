-- Results that the run has not counted yet; from now on they are.
WITH counted AS (
    UPDATE cmdb.dispatch_item SET is_counted = true
    WHERE run_id = %(run_id)s AND done_at IS NOT NULL AND NOT is_counted
    RETURNING account_region_id, scopes_ok, scopes_failed, items_seen, items_changed, calls, throttles,
              waited_seconds, quota_share, peak_per_second, step_backs
)
SELECT a.account_id, ar.region, c.scopes_ok, c.scopes_failed, c.items_seen, c.items_changed, c.calls,
       c.throttles, c.waited_seconds, c.quota_share, c.peak_per_second, c.step_backs
FROM counted AS c
JOIN cmdb.account_region AS ar ON ar.account_region_id = c.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key

-- Note what reading an account-region gave.
UPDATE cmdb.dispatch_item
SET done_at = clock_timestamp(), worker = %(worker)s, scopes_ok = %(scopes_ok)s,
    scopes_failed = %(scopes_failed)s, items_seen = %(items_seen)s, items_changed = %(items_changed)s,
    calls = %(calls)s, throttles = %(throttles)s, waited_seconds = %(waited_seconds)s,
    peak_per_second = %(peak_per_second)s, quota_share = %(quota_share)s, step_backs = %(step_backs)s
WHERE run_id = %(run_id)s AND account_region_id = %(account_region_id)s

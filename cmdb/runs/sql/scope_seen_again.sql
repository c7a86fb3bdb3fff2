-- The state now of scopes that were completely read and stand as they did: only times, digests and costs move.
UPDATE cmdb.scope AS sc
SET last_attempt_at = %(as_of)s, last_success_at = %(as_of)s, read_at = %(as_of)s, items = o.items,
    digest = coalesce(o.digest, sc.digest), tokens = coalesce(o.tokens, sc.tokens), calls = o.calls, throttles = o.throttles,
    waited_seconds = o.waited_seconds, duration_seconds = o.duration_seconds
FROM unnest(
    %(regions)s::integer[], %(item_types)s::text[], %(items)s::integer[], %(digests)b::bytea[], %(tokens)b::bytea[],
    %(calls)s::integer[], %(throttles)s::integer[], %(waited)s::float8[], %(durations)s::float8[]
) AS o (account_region_id, item_type, items, digest, tokens, calls, throttles, waited_seconds, duration_seconds)
WHERE sc.account_region_id = o.account_region_id AND sc.item_type = o.item_type

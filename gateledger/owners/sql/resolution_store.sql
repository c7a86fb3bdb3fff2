-- Note up to when owners have been found, by which rules; since when, at the first time.
WITH held AS (
    UPDATE compliance.owner_resolution SET resolved_at = %(at)s, rules_hash = %(hash)s RETURNING resolved_at
)
INSERT INTO compliance.owner_resolution (resolved_at, rules_hash, known_from)
SELECT %(at)s, %(hash)s, %(at)s WHERE NOT EXISTS (SELECT FROM held)

-- Up to when owners have been found, and by which rules.
SELECT resolved_at, rules_hash FROM compliance.owner_resolution

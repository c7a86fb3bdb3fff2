-- Know a content of a policy; the definition follows its wording. Nothing is written where it stands so.
WITH stored AS (
    INSERT INTO compliance.policy_version AS v (policy_key, content_hash, first_used_at, definition)
    VALUES (%(policy_key)s, %(content_hash)s, %(as_of)s, %(definition)s)
    ON CONFLICT (policy_key, content_hash) DO UPDATE SET definition = excluded.definition
    WHERE v.definition IS DISTINCT FROM excluded.definition
    RETURNING v.policy_version_id
)
SELECT policy_version_id FROM stored
UNION ALL
SELECT policy_version_id FROM compliance.policy_version
WHERE policy_key = %(policy_key)s AND content_hash = %(content_hash)s
LIMIT 1

-- Know a content of a policy; the definition follows its wording.
INSERT INTO compliance.policy_version AS v (policy_key, content_hash, first_used_at, definition)
VALUES (%(policy_key)s, %(content_hash)s, %(as_of)s, %(definition)s)
ON CONFLICT (policy_key, content_hash) DO UPDATE SET definition = excluded.definition
RETURNING policy_version_id

-- Know a policy, under its wording of today.
INSERT INTO compliance.policy AS p (policy_id, name, severity, resource_type, categories)
VALUES (%(policy_id)s, %(name)s, %(severity)s, %(resource_type)s, %(categories)s)
ON CONFLICT (policy_id) DO UPDATE
SET name = excluded.name, severity = excluded.severity, resource_type = excluded.resource_type,
    categories = excluded.categories
RETURNING policy_key

-- Know a policy, under its wording of today; nothing is written where it stands so.
WITH stored AS (
    INSERT INTO compliance.policy AS p (policy_id, name, severity, resource_type, categories)
    VALUES (%(policy_id)s, %(name)s, %(severity)s, %(resource_type)s, %(categories)s)
    ON CONFLICT (policy_id) DO UPDATE
    SET name = excluded.name, severity = excluded.severity, resource_type = excluded.resource_type,
        categories = excluded.categories
    WHERE (p.name, p.severity, p.resource_type, p.categories)
        IS DISTINCT FROM (excluded.name, excluded.severity, excluded.resource_type, excluded.categories)
    RETURNING p.policy_key
)
SELECT policy_key FROM stored
UNION ALL
SELECT policy_key FROM compliance.policy WHERE policy_id = %(policy_id)s
LIMIT 1

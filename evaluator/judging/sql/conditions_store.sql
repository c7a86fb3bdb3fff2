-- Know the conditions of a policy, under their wording of today, and return their keys; what stands so is not written.
WITH given AS (
    SELECT g.name, g.status, g.position, g.message, g.remediation
    FROM jsonb_to_recordset(%(conditions)s)
        AS g (name text, status text, position integer, message text, remediation text)
),
stored AS (
    INSERT INTO compliance.condition AS c (policy_key, name, status, position, message, remediation)
    SELECT %(policy_key)s, g.name, g.status, g.position, g.message, g.remediation
    FROM given AS g
    ON CONFLICT (policy_key, name, status) DO UPDATE
    SET position = excluded.position, message = excluded.message, remediation = excluded.remediation
    WHERE (c.position, c.message, c.remediation)
        IS DISTINCT FROM (excluded.position, excluded.message, excluded.remediation)
    RETURNING c.condition_key, c.name
)
SELECT name, condition_key FROM stored
UNION
SELECT c.name, c.condition_key
FROM given AS g
JOIN compliance.condition AS c ON c.policy_key = %(policy_key)s AND c.name = g.name AND c.status = g.status

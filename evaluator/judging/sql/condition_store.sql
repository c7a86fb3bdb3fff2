-- Know a condition of a policy, under its wording of today.
INSERT INTO compliance.condition AS c (policy_key, name, status, position, message, remediation)
VALUES (%(policy_key)s, %(name)s, %(status)s, %(position)s, %(message)s, %(remediation)s)
ON CONFLICT (policy_key, name, status) DO UPDATE
SET position = excluded.position, message = excluded.message, remediation = excluded.remediation
RETURNING condition_key

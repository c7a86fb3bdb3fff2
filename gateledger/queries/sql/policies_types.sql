-- What these policies judge.
SELECT DISTINCT resource_type FROM report.policy WHERE policy_id = ANY (%(policies)s)

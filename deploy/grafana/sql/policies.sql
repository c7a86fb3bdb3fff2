SELECT policy_id FROM report.policy WHERE resource_type IN ($resource_type) ORDER BY 1

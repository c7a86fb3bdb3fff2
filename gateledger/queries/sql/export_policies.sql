-- What exports say of policies: names, severities and the framework sections that they serve.
SELECT p.policy_id, p.name, p.severity, p.categories,
       coalesce(array_agg(DISTINCT f.framework) FILTER (WHERE f.framework IS NOT NULL), '{}') AS frameworks,
       coalesce(array_agg(DISTINCT concat_ws(' ', f.framework, nullif(f.section, ''), f.title))
                FILTER (WHERE f.framework IS NOT NULL), '{}') AS sections
FROM report.policy AS p
LEFT JOIN report.framework_compliance AS f ON p.policy_id = ANY (f.policy_ids)
GROUP BY p.policy_id, p.name, p.severity, p.categories

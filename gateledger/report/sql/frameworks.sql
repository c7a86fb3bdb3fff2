-- How every framework section stands now.
SELECT framework, section, title, policies, compliant, incompliant, undetermined, compliance_percent, policy_ids
FROM report.framework_compliance
ORDER BY framework, section, title

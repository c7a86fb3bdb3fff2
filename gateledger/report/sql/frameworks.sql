-- How every framework section stands now.
SELECT framework, section, title, policies, compliant, incompliant, undetermined, inapplicable, compliance_percent,
       compliance_percent_with_exceptions, excepted, policy_ids
FROM report.framework_compliance
ORDER BY framework, section, title

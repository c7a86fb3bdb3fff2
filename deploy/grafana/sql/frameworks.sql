SELECT framework, section, title, policies, compliance_percent AS compliance,
       compliance_percent_with_exceptions AS "with exceptions", incompliant, excepted, undetermined, compliant
FROM report.framework_compliance
ORDER BY framework, section, title

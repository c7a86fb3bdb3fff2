-- Definitions of deployments by REST API and id.
CREATE VIEW report.deployment_methods AS
SELECT d.parent_id, d.account_region_id, d.deployment_id, d.version_id, p.payload -> 'methods' AS methods
FROM cmdb.deployment AS d
JOIN cmdb.deployment_payload AS p ON p.digest = d.digest;

COMMENT ON VIEW report.deployment_methods IS 'One row per deployment that was read: its definition. A piece of other views.';
COMMENT ON COLUMN report.deployment_methods.parent_id IS 'Key of the REST API in the CMDB.';
COMMENT ON COLUMN report.deployment_methods.account_region_id IS 'Key of its account-region.';
COMMENT ON COLUMN report.deployment_methods.deployment_id IS 'Id of the deployment within the REST API.';
COMMENT ON COLUMN report.deployment_methods.version_id IS 'Id of the version, as compliance records name their evidence.';
COMMENT ON COLUMN report.deployment_methods.methods IS 'Its methods, as report.deployment shows them.';

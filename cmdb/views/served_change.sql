-- What changed in what a stage serves at the beginning of its versions, with the definitions that it is about.
CREATE VIEW report.served_change AS
SELECT
    h.item_id,
    h.valid_from,
    h.served_changes,
    ARRAY(
        SELECT d.version_id
        FROM report.deployment_methods AS d
        WHERE d.account_region_id = s.account_region_id AND d.parent_id = s.parent_id
          AND d.deployment_id IN (h.deployment_id, h.canary_deployment_id)
    ) AS version_ids
FROM report.stage_history AS h
JOIN cmdb.stage AS s ON s.item_id = h.item_id;

COMMENT ON VIEW report.served_change IS 'One row per version of a stage. A piece of the views of findings.';
COMMENT ON COLUMN report.served_change.item_id IS 'Key of the stage in the CMDB.';
COMMENT ON COLUMN report.served_change.valid_from IS 'as_of of the run that found this version first.';
COMMENT ON COLUMN report.served_change.served_changes IS 'As in report.stage_history.';
COMMENT ON COLUMN report.served_change.version_ids IS 'Versions of the deployments that it serves, its canary included, as compliance records name their evidence.';

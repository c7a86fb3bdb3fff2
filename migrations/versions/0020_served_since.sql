-- Stages note since when they serve their deployment; of versions that are there it follows from the versions before.
ALTER TABLE cmdb.stage ADD COLUMN deployment_served_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE cmdb.stage_closed ADD COLUMN deployment_served_at TIMESTAMP WITH TIME ZONE;
CREATE TEMPORARY TABLE served ON COMMIT DROP AS
SELECT item_id, valid_from, max(valid_from) FILTER (WHERE begins) OVER (PARTITION BY item_id ORDER BY valid_from) AS served_at
FROM (
    SELECT item_id, valid_from,
           valid_from IS DISTINCT FROM lag(valid_to) OVER w
               OR deployment_id IS DISTINCT FROM lag(deployment_id) OVER w AS begins
    FROM (
        SELECT item_id, valid_from, valid_to, deployment_id FROM cmdb.stage
        UNION ALL
        SELECT item_id, valid_from, valid_to, deployment_id FROM cmdb.stage_closed
    ) AS v
    WINDOW w AS (PARTITION BY item_id ORDER BY valid_from)
) AS v;
UPDATE cmdb.stage AS s
SET deployment_served_at = f.served_at
FROM pg_temp.served AS f
WHERE f.item_id = s.item_id AND f.valid_from = s.valid_from;
UPDATE cmdb.stage_closed AS s
SET deployment_served_at = f.served_at
FROM pg_temp.served AS f
WHERE f.item_id = s.item_id AND f.valid_from = s.valid_from;
ALTER TABLE cmdb.stage ALTER COLUMN deployment_served_at SET NOT NULL;
ALTER TABLE cmdb.stage_closed ALTER COLUMN deployment_served_at SET NOT NULL;
COMMENT ON COLUMN cmdb.stage.deployment_served_at IS 'Since when deployment_id has had its value without a break.';
COMMENT ON COLUMN cmdb.stage_closed.deployment_served_at IS 'Since when deployment_id has had its value without a break.';

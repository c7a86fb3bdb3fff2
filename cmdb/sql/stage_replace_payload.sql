-- Payloads of the new versions of staged stages.
UPDATE cmdb.stage_payload AS p
SET payload = n.payload
FROM pg_temp.changed_stage AS n
WHERE p.stage_id = n.stage_id

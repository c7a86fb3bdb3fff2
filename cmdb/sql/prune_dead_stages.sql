-- Drop stages that disappeared before the limit, so many at a time, with all that was said of them; the open
-- counts of those that disappeared count them no longer.
WITH dead AS (
    DELETE FROM cmdb.stage
    WHERE stage_id IN (SELECT stage_id FROM cmdb.stage WHERE valid_to <= %(limit)s LIMIT %(batch)s)
    RETURNING stage_id, account_region_id
),
payload AS (DELETE FROM cmdb.stage_payload WHERE stage_id IN (SELECT stage_id FROM dead)),
version AS (DELETE FROM cmdb.stage_closed WHERE stage_id IN (SELECT stage_id FROM dead)),
episode AS (DELETE FROM compliance.episode WHERE stage_id IN (SELECT stage_id FROM dead)),
past AS (DELETE FROM compliance.record_closed WHERE stage_id IN (SELECT stage_id FROM dead)),
record AS (
    DELETE FROM compliance.record WHERE stage_id IN (SELECT stage_id FROM dead)
    RETURNING policy_key, stage_id, condition_key
),
fewer AS (
    SELECT r.policy_key, d.account_region_id, r.condition_key, count(*) AS stages
    FROM record AS r
    JOIN dead AS d ON d.stage_id = r.stage_id
    GROUP BY r.policy_key, d.account_region_id, r.condition_key
),
emptied AS (
    DELETE FROM compliance.tally AS t
    USING fewer AS f
    WHERE t.policy_key = f.policy_key AND t.account_region_id = f.account_region_id
      AND t.condition_key = f.condition_key AND t.valid_to IS NULL AND t.stages <= f.stages
),
reduced AS (
    UPDATE compliance.tally AS t
    SET stages = t.stages - f.stages
    FROM fewer AS f
    WHERE t.policy_key = f.policy_key AND t.account_region_id = f.account_region_id
      AND t.condition_key = f.condition_key AND t.valid_to IS NULL AND t.stages > f.stages
)
SELECT count(*) FROM dead

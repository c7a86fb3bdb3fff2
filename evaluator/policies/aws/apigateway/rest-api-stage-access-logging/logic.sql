-- Does the stage write an access log, to whatever destination?
SELECT
    CASE
        WHEN stage.access_log_destination_arn IS NULL OR btrim(stage.access_log_destination_arn) = ''
            THEN 'destination_missing'
        WHEN stage.access_log_destination_arn IS NOT NULL THEN 'destination_set'
    END AS condition
FROM stage

-- Does the stage write an access log, to whatever destination?
SELECT
    CASE
        WHEN api_stage.access_log_destination_arn IS NULL OR btrim(api_stage.access_log_destination_arn) = ''
            THEN 'destination_missing'
        WHEN api_stage.access_log_destination_arn IS NOT NULL THEN 'destination_set'
    END AS condition
FROM api_stage

-- Does the stage have a description?
SELECT
    CASE
        WHEN api_stage.description IS NULL OR NOT api_stage.description ~ '[^[:space:]]' THEN 'description_missing'
        WHEN api_stage.description IS NOT NULL THEN 'description_given'
    END AS condition
FROM api_stage

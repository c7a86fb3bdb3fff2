-- Does the stage have a description?
SELECT
    CASE
        WHEN api_stage.description IS NULL OR btrim(api_stage.description) = '' THEN 'description_missing'
        WHEN api_stage.description IS NOT NULL THEN 'description_given'
    END AS condition
FROM api_stage

-- Does the stage have a description?
SELECT
    CASE
        WHEN stage.description IS NULL OR NOT stage.description ~ '[^[:space:]]' THEN 'description_missing'
        WHEN stage.description IS NOT NULL THEN 'description_given'
    END AS condition
FROM stage

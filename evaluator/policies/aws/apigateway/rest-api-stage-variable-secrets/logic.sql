-- Do variables of the stage, or those that its canary overrides, look like secrets? Judged when they were read.
SELECT
    CASE
        WHEN NOT EXISTS (
            SELECT 1
            FROM jsonb_object_keys(
                CASE WHEN jsonb_typeof(stage.variables) = 'object' THEN stage.variables END
            ) AS v (name)
        ) AND NOT EXISTS (
            SELECT 1
            FROM jsonb_object_keys(
                CASE
                    WHEN jsonb_typeof(stage.canary_settings -> 'stageVariableOverrides') = 'object'
                        THEN stage.canary_settings -> 'stageVariableOverrides'
                END
            ) AS v (name)
        ) THEN 'no_variables'
        WHEN stage.secret_variables IS NULL THEN 'variables_unknown'
        WHEN cardinality(stage.secret_variables) > 0 THEN 'secret_found'
        WHEN cardinality(stage.secret_variables) = 0 THEN 'no_secret_found'
    END AS condition,
    stage.secret_variables AS subjects
FROM stage

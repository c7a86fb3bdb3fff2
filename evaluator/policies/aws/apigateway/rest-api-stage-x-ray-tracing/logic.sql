-- Does the stage trace requests with X-Ray? Where AWS says nothing, tracing is off.
SELECT
    CASE
        WHEN stage.tracing_enabled THEN 'tracing_enabled'
        WHEN stage.tracing_enabled IS NOT TRUE THEN 'tracing_disabled'
    END AS condition
FROM stage

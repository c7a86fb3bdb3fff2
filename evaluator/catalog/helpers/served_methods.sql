-- served_methods(deployment, canary): each method that a stage serves (VERB /path), with its definition.
SELECT
    (served.definition ->> 'verb') || ' ' || (served.definition ->> 'path') COLLATE "C" AS method,
    served.definition AS definition
FROM jsonb_array_elements(
    CASE WHEN jsonb_typeof(:deployment) = 'array' THEN :deployment ELSE jsonb_build_array() END
    || CASE WHEN jsonb_typeof(:canary) = 'array' THEN :canary ELSE jsonb_build_array() END
) AS served (definition)

-- served_settings(settings, deployment, canary): each method that a stage serves, with the settings that apply to it.
-- Those are an entry of the stage's method settings; null: AWS's defaults.
-- A method's own entry replaces that of all methods as a whole. Slashes in its key are plain or ~1; a key with a
-- leading slash applies to nothing. No rows where the settings are there and no object.
-- Entries are looked up by method only where one is not that of all methods: few stages have such, and looking
-- costs the most.
SELECT (served.definition ->> 'verb') || ' ' || (served.definition ->> 'path') COLLATE "C" AS method, :settings -> '*/*' AS setting
FROM jsonb_array_elements(
    CASE WHEN jsonb_typeof(:deployment) = 'array' THEN :deployment ELSE jsonb_build_array() END
    || CASE WHEN jsonb_typeof(:canary) = 'array' THEN :canary ELSE jsonb_build_array() END
) AS served (definition)
WHERE CASE
    WHEN :settings IS NULL THEN true
    WHEN jsonb_typeof(:settings) = 'object' THEN length(CAST(:settings - '*/*' AS text)) = 2
END
UNION ALL
SELECT
    (served.definition ->> 'verb') || ' ' || (served.definition ->> 'path') COLLATE "C",
    coalesce(own.setting, :settings -> '*/*')
FROM jsonb_array_elements(
    CASE WHEN jsonb_typeof(:deployment) = 'array' THEN :deployment ELSE jsonb_build_array() END
    || CASE WHEN jsonb_typeof(:canary) = 'array' THEN :canary ELSE jsonb_build_array() END
) AS served (definition)
LEFT JOIN jsonb_each(CASE WHEN jsonb_typeof(:settings) = 'object' THEN :settings END) AS own (key, setting)
    ON NOT starts_with(own.key, '/')
    AND replace(CASE WHEN starts_with(own.key, '~1') THEN substr(own.key, 3) ELSE own.key END, '~1', '/')
        = substr(served.definition ->> 'path', 2) || '/' || (served.definition ->> 'verb')
WHERE CASE
    WHEN jsonb_typeof(:settings) = 'object' THEN length(CAST(:settings - '*/*' AS text)) > 2
END

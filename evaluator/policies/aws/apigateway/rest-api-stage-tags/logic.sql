-- Does the stage have the tags that are required? A tag counts whatever its value is.
SELECT
    CASE
        WHEN btrim(:required, ', ') = '' THEN 'nothing_required'
        WHEN EXISTS (
            SELECT 1 FROM string_to_table(:required, ',') AS r (key)
            WHERE btrim(r.key) <> '' AND (stage.tags -> btrim(r.key)) IS NULL
        ) THEN 'tag_missing'
        WHEN stage.item_id IS NOT NULL THEN 'tags_present'
    END AS condition,
    ARRAY(
        SELECT DISTINCT btrim(r.key) COLLATE "C" FROM string_to_table(:required, ',') AS r (key)
        WHERE btrim(r.key) <> '' AND (stage.tags -> btrim(r.key)) IS NULL
        ORDER BY 1
    ) AS subjects
FROM stage

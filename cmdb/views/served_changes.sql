-- From which deployment to which a stage went, after up to five of the methods that differ, and how many more do.
CREATE FUNCTION report.served_changes(before_id text, before jsonb, after_id text, after jsonb)
RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT CASE
            WHEN before IS NULL OR after IS NULL
                THEN ARRAY['what it ' || CASE WHEN after IS NOT NULL THEN 'served before'
                                              WHEN before IS NOT NULL THEN 'serves since'
                                              ELSE 'served before and serves since' END || ' is not known']
            WHEN cardinality(d.methods) = 0 THEN ARRAY['no method differs']
            ELSE d.methods[1:5] || CASE WHEN cardinality(d.methods) > 5
                                        THEN ARRAY[(cardinality(d.methods) - 5) || ' more methods'] END
        END || ('deployment ' || coalesce(before_id, 'none') || ' -> ' || coalesce(after_id, 'none'))
    FROM (SELECT CASE WHEN before = after THEN '{}'::text[] ELSE report.method_changes(before, after) END) AS d (methods)
);
COMMENT ON FUNCTION report.served_changes(text, jsonb, text, jsonb)
    IS 'What differs between two deployments, given by id and methods (null: not known): up to five methods, how many more, and the ids.';

-- What a canary's deployment differs in from that of its stage, up to five methods, each difference in words.
CREATE FUNCTION report.canary_differences(own jsonb, canary jsonb)
RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT CASE
            WHEN canary IS NULL THEN ARRAY['what the canary serves is not known']
            WHEN own IS NULL THEN ARRAY['what the stage serves beside its canary is not known']
            WHEN cardinality(d.methods) = 0 THEN ARRAY['no method of the canary differs']
            ELSE ARRAY(SELECT 'canary ' || one FROM unnest(d.methods[1:5]) WITH ORDINALITY AS m (one, place) ORDER BY place)
                || CASE WHEN cardinality(d.methods) > 5
                        THEN ARRAY[(cardinality(d.methods) - 5) || ' more methods of the canary'] END
        END
    FROM (SELECT CASE WHEN own = canary THEN '{}'::text[] ELSE report.method_changes(own, canary) END) AS d (methods)
);
COMMENT ON FUNCTION report.canary_differences(jsonb, jsonb)
    IS 'What differs from the methods that a stage serves itself to those of its canary (null: not known): up to five methods (canary GET /orders: HTTP -> AWS_PROXY), and how many more.';

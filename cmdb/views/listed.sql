-- The first five of what is at fault within an item, and how many more there are.
CREATE FUNCTION report.listed(subjects text[], subject_count integer)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_to_string(subjects[1:5], ', ')
    || CASE WHEN subject_count > 5 THEN ' and ' || (subject_count - 5) || ' more' ELSE '' END;
COMMENT ON FUNCTION report.listed(text[], integer)
    IS 'Up to five subjects, separated by commas, and the number of the others.';

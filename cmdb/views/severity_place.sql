-- The place of a severity, the worst first.
CREATE FUNCTION report.severity_place(severity text)
RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(array_position('{critical,high,medium,low,informational}'::text[], severity), 6);
COMMENT ON FUNCTION report.severity_place(text) IS 'The place of a severity among all, the worst first: 1 for critical to 5 for informational.';

-- Share of compliant stages among those that are compliant or incompliant, in percent; null when there is neither.
CREATE FUNCTION report.percent(compliant numeric, incompliant numeric)
RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN round(100 * coalesce(compliant, 0) / nullif(coalesce(compliant, 0) + coalesce(incompliant, 0), 0), 2);
COMMENT ON FUNCTION report.percent(numeric, numeric)
    IS 'compliant / (compliant + incompliant) in percent with two decimals; null when there is neither.';

-- A night's number is how many nights lie before a time; the calendar holds the times right after them, so that the
-- function needs nothing stable and is no call but part of its statement.
CREATE TEMPORARY VIEW calendar AS
SELECT array_agg(as_of + interval '1 microsecond' ORDER BY n) AS nights FROM night;
CREATE OR REPLACE FUNCTION pg_temp.night_of(moment timestamptz, nights timestamptz[]) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(width_bucket(moment, nights), cardinality(nights))

-- Percentiles of values that occur several times each, interpolated as percentile_cont does over all of them.
CREATE FUNCTION report.weighted_percentiles(numbers integer[], weights integer[], fractions double precision[])
RETURNS double precision[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT array_agg(p.lower + (p.upper - p.lower) * (p.place - floor(p.place)) ORDER BY p.ordinality)
    FROM (
        SELECT
            f.ordinality,
            f.fraction * (n.total - 1) AS place,
            min(n.number) FILTER (WHERE n.up_to > floor(f.fraction * (n.total - 1))) AS lower,
            min(n.number) FILTER (WHERE n.up_to > ceil(f.fraction * (n.total - 1))) AS upper
        FROM (
            SELECT u.number, sum(u.weight) OVER (ORDER BY u.number) AS up_to, sum(u.weight) OVER () AS total
            FROM unnest(numbers, weights) AS u (number, weight)
        ) AS n
        CROSS JOIN unnest(fractions) WITH ORDINALITY AS f (fraction, ordinality)
        GROUP BY f.ordinality, f.fraction, n.total
    ) AS p
);
COMMENT ON FUNCTION report.weighted_percentiles(integer[], integer[], double precision[])
    IS 'Percentiles (fractions 0 to 1) of numbers that occur weights times each; null for no numbers.';

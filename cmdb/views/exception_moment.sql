-- The time up to which findings and exceptions are known; a piece of other views.
CREATE VIEW report.exception_moment AS
SELECT greatest(
    (SELECT max(as_of) FROM compliance.evaluation),
    (SELECT max(entered_at) FROM compliance.exception_version),
    (SELECT max(ended_at) FROM compliance.exception_version)
) AS moment;

COMMENT ON VIEW report.exception_moment IS 'One row: the time of the last evaluation or change of exceptions, for which exceptions are in force or not now. A piece of the other views.';
COMMENT ON COLUMN report.exception_moment.moment IS 'The time; null: nothing was evaluated or entered yet.';

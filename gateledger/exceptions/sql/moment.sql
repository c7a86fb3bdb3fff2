-- The database's clock, and the time before which nothing can be entered any more.
SELECT date_trunc('milliseconds', statement_timestamp()), (SELECT moment FROM report.exception_moment)

-- Filters of findings by status and exception, in the statements that include them.
AND (%(statuses)s::text[] IS NULL OR status = ANY (%(statuses)s))
  -- In a CASE, for PostgreSQL takes IS NULL of what a view computes for rare.
  AND (%(excepted)s::boolean IS NULL
       OR CASE WHEN status <> '' THEN (exception_id IS NOT NULL) = %(excepted)s END)

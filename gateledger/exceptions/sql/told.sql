-- What is said of exceptions after they were entered or ended.
SELECT exception_id, valid_from, valid_until, entered_late, matches, covers
FROM report.exception
WHERE exception_id = ANY (%(ids)s)

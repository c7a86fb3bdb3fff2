-- Note up to when changed items have been matched.
WITH held AS (UPDATE compliance.exception_matching SET matched_at = %(at)s RETURNING matched_at)
INSERT INTO compliance.exception_matching (matched_at)
SELECT %(at)s WHERE NOT EXISTS (SELECT FROM held)

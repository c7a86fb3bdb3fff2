-- Up to when changed items have been matched (null: never), and whether there are exceptions at all.
SELECT (SELECT matched_at FROM compliance.exception_matching),
       EXISTS (SELECT FROM compliance.exception_version WHERE ended_at IS NULL)

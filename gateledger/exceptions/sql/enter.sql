-- Enter an exception.
INSERT INTO compliance.exception_version
    (exception_id, entered_at, entered_by, source, valid_from, valid_until, statuses, policies, match, reason,
     owner, ticket, policies_like, account_like, region_like, arn_like, api_like, tags_like, rest_api_id)
VALUES
    (%(exception_id)s, %(at)s, %(by)s, %(source)s, %(valid_from)s, %(valid_until)s, %(statuses)s, %(policies)s,
     %(match)s, %(reason)s, %(owner)s, %(ticket)s, %(policies_like)s, %(account_like)s, %(region_like)s,
     %(arn_like)s, %(api_like)s, %(tags_like)s, %(rest_api_id)s)

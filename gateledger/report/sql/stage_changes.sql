-- What changed on some stages, version by version; the first version changed nothing.
SELECT stage_id, valid_from, changed, client_certificate_id
FROM report.stage_history
WHERE stage_id = ANY (%(stages)s) AND changed <> '{}'
ORDER BY stage_id, valid_from

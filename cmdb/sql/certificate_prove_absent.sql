-- Open an absence for certificates that had been let go: it begins and ends no presence.
UPDATE cmdb.certificate
SET version_id = nextval('cmdb.version_id_seq'), valid_from = %(as_of)s, valid_to = %(as_of)s,
    proven_absent = true
WHERE certificate_key = ANY(%(keys)s)

-- Close certificates that are gone: proven absent, or named by no stage any longer.
UPDATE cmdb.certificate SET valid_to = %(as_of)s, proven_absent = %(proven)s
WHERE certificate_key = ANY(%(keys)s) AND valid_to IS NULL

-- Take back a disappearance that an earlier run of the same as_of found.
UPDATE cmdb.certificate SET valid_to = NULL, proven_absent = false WHERE certificate_key = ANY(%(keys)s)

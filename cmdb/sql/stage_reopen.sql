-- Take back a disappearance that an earlier run of the same as_of found.
UPDATE cmdb.stage SET valid_to = NULL WHERE stage_id = ANY(%(keys)s)

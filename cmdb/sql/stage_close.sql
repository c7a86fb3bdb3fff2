-- Close stages that are gone.
UPDATE cmdb.stage SET valid_to = %(as_of)s WHERE stage_id = ANY(%(keys)s) AND valid_to IS NULL

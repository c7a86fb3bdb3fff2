-- A collection that carries a time, or a later one.
SELECT run_id FROM cmdb.run WHERE kind IN ('run', 'collect') AND as_of >= %(as_of)s LIMIT 1

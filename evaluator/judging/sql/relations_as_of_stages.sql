-- How many stages there were to judge: an item's first version is one of its closed ones, or its only one.
SELECT (SELECT count(*) FROM cmdb.stage AS s WHERE s.valid_from <= %(as_of)s)
     + (SELECT count(DISTINCT x.stage_id)
        FROM cmdb.stage_closed AS x
        JOIN cmdb.stage AS s ON s.stage_id = x.stage_id AND s.valid_from > %(as_of)s
        WHERE x.valid_from <= %(as_of)s)

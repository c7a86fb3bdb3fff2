-- How many stages there are to judge.
SELECT count(*) FROM cmdb.stage

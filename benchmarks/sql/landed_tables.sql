-- Tables of a database of the version before item types were declared, with their columns in order.
SELECT c.table_schema, c.table_name, array_agg(c.column_name::text ORDER BY c.ordinal_position) AS columns
FROM information_schema.columns AS c
JOIN information_schema.tables AS t
    ON t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE'
WHERE c.table_schema IN ('cmdb', 'compliance')
GROUP BY c.table_schema, c.table_name
ORDER BY c.table_schema, c.table_name

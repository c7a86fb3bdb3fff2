-- Drop rows that ended at the limit or before, so many at a time.
DELETE FROM {table}
WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {ended} <= %(limit)s LIMIT %(batch)s)

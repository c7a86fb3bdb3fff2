-- The database's clock and the last run's time.
SELECT clock_timestamp(), (SELECT max(as_of) FROM cmdb.run)

-- The database's clock, whether any run was ever begun, and when the last one began that was done.
SELECT clock_timestamp(),
       EXISTS (SELECT FROM report.run WHERE kind = 'run'),
       (SELECT max(started_at) FROM report.run
        WHERE kind = 'run' AND status IN ('complete', 'incomplete'))

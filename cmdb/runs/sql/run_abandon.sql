-- Settle runs whose process died: whoever asks holds the run lock, so they cannot be alive.
UPDATE cmdb.run SET status = 'abandoned' WHERE status = 'running' RETURNING kind, as_of

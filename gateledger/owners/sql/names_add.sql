-- Add owners that nothing had before.
INSERT INTO compliance.owner (name)
SELECT DISTINCT w.owner
FROM pg_temp.owned AS w
WHERE w.owner IS NOT NULL AND NOT EXISTS (SELECT FROM compliance.owner AS o WHERE o.name = w.owner)
ORDER BY w.owner

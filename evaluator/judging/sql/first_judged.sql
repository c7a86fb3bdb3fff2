-- Note a policy that is judged for the first time although earlier nights were collected.
INSERT INTO compliance.backfill (policy_key, first_judged_at)
SELECT %(policy_key)s, %(as_of)s
WHERE EXISTS (
    SELECT FROM cmdb.run AS r
    WHERE r.as_of < %(as_of)s AND r.kind IN ('run', 'collect') AND r.status IN ('complete', 'incomplete')
)
ON CONFLICT DO NOTHING

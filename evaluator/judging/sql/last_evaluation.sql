-- The last evaluation of a policy, and whether something other than a reading of that time happened since then.
SELECT e.as_of, e.policy_version_id, e.max_staleness, e.last_version_id,
       EXISTS (
           SELECT FROM cmdb.run AS r
           WHERE r.run_id > e.run_id AND r.as_of <= e.as_of AND r.kind <> 'evaluate'
       ) AS is_overtaken
FROM compliance.evaluation AS e
WHERE e.policy_key = %(policy_key)s
ORDER BY e.as_of DESC, e.run_id DESC
LIMIT 1

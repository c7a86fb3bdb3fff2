-- What must hold of the whole history whatever happened: one row per breach, none when all is well. What stands in braces follows from the declarations.
WITH
collecting AS (
    SELECT DISTINCT as_of FROM cmdb.run WHERE kind IN ('run', 'collect')
),
-- Every version of every item; reading_scope is the scope whose reading may open or close it.
version AS (
    {versions}
),
chain AS (
    SELECT v.*, lead(valid_from) OVER w AS next_from, lag(valid_to) OVER w AS previous_to
    FROM version AS v
    WINDOW w AS (PARTITION BY item, item_key ORDER BY valid_from, is_latest)
),
state AS (
    SELECT st.*, lead(valid_from) OVER w AS next_from, lag(status) OVER w AS previous_status,
           lag(failure_kind) OVER w AS previous_kind, lag(valid_to) OVER w AS previous_to,
           lag(read_before) OVER w AS previous_read_before
    FROM cmdb.scope_state AS st
    WINDOW w AS (PARTITION BY account_region_id, item_type ORDER BY valid_from)
),
record AS (
    SELECT r.*, c.status, c.name,
           lag(c.status) OVER w AS previous_status, lag(r.condition_key) OVER w AS previous_condition,
           lag(r.subjects) OVER w AS previous_subjects, lag(r.subject_count) OVER w AS previous_count,
           lag(r.valid_to) OVER w AS previous_to, lag(r.status_since) OVER w AS previous_since,
           lag(r.episode_since) OVER w AS previous_episode, lead(r.valid_from) OVER w AS next_from
    FROM (
        SELECT policy_key, item_id, valid_from, NULL::timestamptz AS valid_to, condition_key, status_since,
               episode_since, subjects, subject_count
        FROM compliance.record
        UNION ALL
        SELECT policy_key, item_id, valid_from, valid_to, condition_key, status_since, episode_since,
               subjects, subject_count
        FROM compliance.record_closed
    ) AS r
    JOIN compliance.condition AS c ON c.condition_key = r.condition_key
    WINDOW w AS (PARTITION BY r.policy_key, r.item_id ORDER BY r.valid_from)
),
judged AS (
    SELECT DISTINCT policy_key, as_of FROM compliance.evaluation
),
-- Every item that a policy may judge, with the type that its policy names.
judgeable AS (
    {judgeable}
),
born AS (
    SELECT g.resource_type, g.item_id, min(v.valid_from) AS born_at
    FROM judgeable AS g
    JOIN version AS v ON v.item_key = g.item_id AND v.item = g.item
    GROUP BY g.resource_type, g.item_id
),
counted AS (
    SELECT j.policy_key, j.as_of, s.account_region_id, r.condition_key, count(*) AS items
    FROM judged AS j
    JOIN record AS r ON r.policy_key = j.policy_key AND r.valid_from <= j.as_of
        AND (r.valid_to IS NULL OR r.valid_to > j.as_of)
    JOIN judgeable AS s ON s.item_id = r.item_id
    JOIN compliance.policy AS p ON p.policy_key = j.policy_key AND p.resource_type = s.resource_type
    GROUP BY j.policy_key, j.as_of, s.account_region_id, r.condition_key
),
tallied AS (
    SELECT j.policy_key, j.as_of, t.account_region_id, t.condition_key, t.items::bigint AS items
    FROM judged AS j
    JOIN compliance.tally AS t ON t.policy_key = j.policy_key AND t.valid_from <= j.as_of
        AND (t.valid_to IS NULL OR t.valid_to > j.as_of)
),
tally AS (
    SELECT t.*, lag(valid_to) OVER w AS previous_to, lag(items) OVER w AS previous_items,
           lead(valid_from) OVER w AS next_from
    FROM compliance.tally AS t
    WINDOW w AS (PARTITION BY policy_key, account_region_id, condition_key ORDER BY valid_from)
),
unread AS (
    SELECT u.*, lead(valid_from) OVER w AS next_from
    FROM cmdb.unread_item AS u
    WINDOW w AS (PARTITION BY account_region_id, item_type, item_id ORDER BY valid_from)
),
ended AS (
    SELECT r.policy_key, r.item_id, r.previous_episode AS started_at, r.valid_from AS ended_at,
           s.account_region_id, r.status AS outcome
    FROM record AS r
    JOIN judgeable AS s ON s.item_id = r.item_id
    JOIN compliance.policy AS p ON p.policy_key = r.policy_key AND p.resource_type = s.resource_type
    WHERE r.previous_episode IS NOT NULL AND r.status IN ('COMPLIANT', 'INAPPLICABLE', 'DISAPPEARED')
),
named AS (
    SELECT v.*,
           lag(client_certificate_id) OVER w AS previous_id, lag(certificate_named_at) OVER w AS previous_at,
           lag(deployment_id) OVER w AS previous_deployment, lag(deployment_served_at) OVER w AS previous_served_at,
           lag(valid_to) OVER w AS previous_to, lag(item_id) OVER w AS previous
    FROM (
        SELECT item_id, valid_from, valid_to, client_certificate_id, certificate_named_at, deployment_id,
               deployment_served_at, true AS serves_deployments
        FROM cmdb.stage
        UNION ALL
        SELECT item_id, valid_from, valid_to, client_certificate_id, certificate_named_at, deployment_id,
               deployment_served_at, true
        FROM cmdb.stage_closed
        UNION ALL
        SELECT item_id, valid_from, valid_to, client_certificate_id, certificate_named_at, NULL::text,
               NULL::timestamptz, false
        FROM cmdb.api_stage
        UNION ALL
        SELECT item_id, valid_from, valid_to, client_certificate_id, certificate_named_at, NULL::text,
               NULL::timestamptz, false
        FROM cmdb.api_stage_closed
    ) AS v
    WINDOW w AS (PARTITION BY item_id ORDER BY valid_from)
)
SELECT 'versions overlap' AS breach, format('%s %s at %s', item, item_key, valid_from) AS subject
FROM chain WHERE next_from < coalesce(valid_to, 'infinity')
UNION ALL
SELECT 'a version is superseded at another time than its successor opens',
       format('%s %s at %s', item, item_key, valid_from)
FROM chain WHERE NOT is_latest AND superseded_at IS DISTINCT FROM next_from
UNION ALL
SELECT 'more or fewer than one latest version', format('%s %s', item, item_key)
FROM version GROUP BY item, item_key HAVING count(*) FILTER (WHERE is_latest) <> 1
UNION ALL
SELECT 'two versions under one id', version_id::text FROM version GROUP BY version_id HAVING count(*) > 1
UNION ALL
SELECT 'a version opens or closes while its scope was not read',
       format('%s %s at %s', c.item, c.item_key, m.moment)
FROM chain AS c
CROSS JOIN LATERAL (VALUES (c.valid_from, false), (c.valid_to, true)) AS m (moment, is_end)
WHERE m.moment IS NOT NULL
  AND NOT EXISTS (
      SELECT FROM cmdb.scope_state AS st
      JOIN collecting AS k ON k.as_of = m.moment
      WHERE st.account_region_id = c.account_region_id
        -- What belongs to an item that is gone from a complete listing goes with it.
        AND (st.item_type = c.item OR (m.is_end AND st.item_type = c.listed_with))
        AND (st.status IN ('complete', 'partial') OR st.read_before = m.moment)
        AND st.valid_from <= m.moment AND (st.valid_to IS NULL OR st.valid_to > m.moment)
  )
  -- An account that a person retires takes all that it holds along.
  AND NOT (m.is_end AND EXISTS (
      SELECT FROM cmdb.scope_state AS st
      JOIN cmdb.run AS r ON r.as_of = m.moment AND r.kind = 'retire'
      WHERE st.account_region_id = c.account_region_id AND st.failure_kind = 'account_left'
        AND st.status = 'skipped' AND st.valid_from = m.moment
  ))
UNION ALL
{orphans}
UNION ALL
SELECT 'a certificate that was seen, without payload', c.item_id::text
FROM cmdb.certificate AS c LEFT JOIN cmdb.certificate_payload AS p ON p.item_id = c.item_id
WHERE p.item_id IS NULL AND (c.valid_to IS NULL OR c.valid_to > c.valid_from)
UNION ALL
SELECT 'since when a certificate is named does not follow', format('stage %s at %s', item_id, valid_from)
FROM named
WHERE certificate_named_at IS DISTINCT FROM CASE
    WHEN previous IS NOT NULL AND previous_to = valid_from
         AND previous_id IS NOT DISTINCT FROM client_certificate_id
    THEN previous_at ELSE valid_from END
UNION ALL
SELECT 'since when a deployment is served does not follow', format('stage %s at %s', item_id, valid_from)
FROM named
WHERE serves_deployments AND deployment_served_at IS DISTINCT FROM CASE
    WHEN previous IS NOT NULL AND previous_to = valid_from
         AND previous_deployment IS NOT DISTINCT FROM deployment_id
    THEN previous_served_at ELSE valid_from END
UNION ALL
SELECT 'states of a scope overlap or leave a gap', format('%s/%s at %s', account_region_id, item_type, valid_from)
FROM state
WHERE next_from IS DISTINCT FROM valid_to
  -- What is not collected any more has no state any more.
  AND NOT (next_from IS NULL AND item_type = 'integration')
UNION ALL
SELECT 'a state of a scope goes on in a new row', format('%s/%s at %s', account_region_id, item_type, valid_from)
FROM state
WHERE previous_to IS NOT NULL AND (status, failure_kind) IS NOT DISTINCT FROM (previous_status, previous_kind)
  -- A failure after a reading of the same as_of is another one than the failure before that reading.
  AND (status IN ('complete', 'partial') OR read_before IS DISTINCT FROM valid_from)
UNION ALL
SELECT 'a state of a scope begins at no run that collects or retires', format('%s/%s at %s', account_region_id, item_type, valid_from)
FROM state WHERE valid_from NOT IN (SELECT as_of FROM cmdb.run WHERE kind IN ('run', 'collect', 'retire'))
UNION ALL
SELECT 'a state of a scope names a wrong reading before it',
       format('%s/%s at %s', account_region_id, item_type, valid_from)
FROM state AS st
-- A second run of the same as_of that fails leaves the first one's reading standing.
WHERE st.read_before IS DISTINCT FROM st.valid_from AND st.read_before IS DISTINCT FROM CASE
    WHEN st.previous_status IN ('complete', 'partial')
    THEN (SELECT max(k.as_of) FROM cmdb.run AS k
          WHERE k.kind IN ('run', 'collect') AND k.as_of < st.valid_from)
    ELSE st.previous_read_before END
UNION ALL
SELECT 'a scope and its history differ', format('%s/%s', sc.account_region_id, sc.item_type)
FROM cmdb.scope AS sc
LEFT JOIN state AS st ON st.account_region_id = sc.account_region_id AND st.item_type = sc.item_type
    AND st.valid_to IS NULL
WHERE (st.status, st.failure_kind) IS DISTINCT FROM (sc.status, sc.failure_kind)
   OR sc.read_at IS DISTINCT FROM CASE
       WHEN sc.status IN ('complete', 'partial') THEN (SELECT max(as_of) FROM cmdb.run WHERE kind IN ('run', 'collect'))
       ELSE st.read_before END
UNION ALL
SELECT 'unread stretches of an item overlap', format('%s/%s %s', account_region_id, item_type, item_id)
FROM unread WHERE next_from < coalesce(valid_to, 'infinity')
UNION ALL
SELECT 'an item is unread in a scope that was read completely', format('%s/%s %s', u.account_region_id, u.item_type, u.item_id)
FROM cmdb.unread_item AS u
JOIN cmdb.scope_state AS st ON st.account_region_id = u.account_region_id AND st.item_type = u.item_type
    AND st.status = 'complete' AND st.valid_from < coalesce(u.valid_to, 'infinity')
    AND coalesce(st.valid_to, 'infinity') > u.valid_from
UNION ALL
SELECT 'compliance records overlap or leave a gap', format('%s/%s at %s', policy_key, item_id, valid_from)
FROM record WHERE next_from IS DISTINCT FROM valid_to
UNION ALL
SELECT 'a compliance record goes on in a new row', format('%s/%s at %s', policy_key, item_id, valid_from)
FROM record WHERE (condition_key, subjects, subject_count) IS NOT DISTINCT FROM (previous_condition, previous_subjects, previous_count)
UNION ALL
SELECT 'something within an item is at fault that is gone or was not read', format('%s/%s at %s', policy_key, item_id, valid_from)
FROM record WHERE (status = 'DISAPPEARED' OR name = 'inventory_stale') AND subjects IS NOT NULL
UNION ALL
SELECT 'a compliance record begins at no evaluation', format('%s/%s at %s', policy_key, item_id, valid_from)
FROM record AS r WHERE NOT EXISTS (
    SELECT FROM judged AS j WHERE j.policy_key = r.policy_key AND j.as_of = r.valid_from
)
UNION ALL
SELECT 'since when the status holds does not follow', format('%s/%s at %s', policy_key, item_id, valid_from)
FROM record
WHERE status_since IS DISTINCT FROM CASE WHEN previous_status = status THEN previous_since ELSE valid_from END
UNION ALL
SELECT 'since when the episode lasts does not follow', format('%s/%s at %s', policy_key, item_id, valid_from)
FROM record
WHERE episode_since IS DISTINCT FROM CASE status
    WHEN 'INCOMPLIANT' THEN coalesce(previous_episode, valid_from)
    WHEN 'UNDETERMINED' THEN previous_episode END
UNION ALL
SELECT 'episodes and records differ', format('%s/%s %s', policy_key, item_id, started_at)
FROM (
    (SELECT policy_key, item_id, started_at, ended_at, account_region_id, outcome FROM ended
     EXCEPT SELECT policy_key, item_id, started_at, ended_at, account_region_id, outcome FROM compliance.episode)
    UNION ALL
    (SELECT policy_key, item_id, started_at, ended_at, account_region_id, outcome FROM compliance.episode
     EXCEPT SELECT policy_key, item_id, started_at, ended_at, account_region_id, outcome FROM ended)
) AS differing
UNION ALL
SELECT 'an item known at an evaluation has no verdict of it', format('%s/%s at %s', j.policy_key, b.item_id, j.as_of)
FROM judged AS j
JOIN compliance.policy AS p ON p.policy_key = j.policy_key
JOIN born AS b ON b.resource_type = p.resource_type AND b.born_at <= j.as_of
WHERE NOT EXISTS (
    SELECT FROM record AS r
    WHERE r.policy_key = j.policy_key AND r.item_id = b.item_id AND r.valid_from <= j.as_of
      AND (r.valid_to IS NULL OR r.valid_to > j.as_of)
)
UNION ALL
SELECT 'counts and records differ', format('%s/%s/%s at %s', policy_key, account_region_id, condition_key, as_of)
FROM ((SELECT policy_key, as_of, account_region_id, condition_key, items FROM counted
       EXCEPT SELECT policy_key, as_of, account_region_id, condition_key, items FROM tallied)
      UNION ALL
      (SELECT policy_key, as_of, account_region_id, condition_key, items FROM tallied
       EXCEPT SELECT policy_key, as_of, account_region_id, condition_key, items FROM counted)) AS differing
UNION ALL
SELECT 'counts overlap, or go on in a new row', format('%s/%s/%s at %s', policy_key, account_region_id, condition_key, valid_from)
FROM tally
WHERE next_from < coalesce(valid_to, 'infinity') OR (previous_to = valid_from AND previous_items = items)
UNION ALL
SELECT 'a finding of an item that is gone, or none of a live one', format('%s/%s', r.policy_key, r.item_id)
FROM record AS r
JOIN compliance.policy AS p ON p.policy_key = r.policy_key
JOIN judgeable AS s ON s.item_id = r.item_id AND s.resource_type = p.resource_type
WHERE r.valid_to IS NULL AND (s.valid_to IS NOT NULL) <> (r.status = 'DISAPPEARED')
  AND (SELECT max(as_of) FROM judged AS j WHERE j.policy_key = r.policy_key)
      = (SELECT max(as_of) FROM cmdb.run WHERE kind IN ('run', 'collect'))
UNION ALL
SELECT 'a run is still open', run_id::text FROM cmdb.run WHERE status = 'running'
ORDER BY 1, 2

-- A year of an estate's history, filled in by hand: what a report reads, at the size and with the randomness of a real one.
SELECT setseed(0.5);
CREATE TEMP TABLE night AS
SELECT n, timestamptz '2026-11-23 02:00Z' - make_interval(days => 364 - n) AS at FROM generate_series(0, 364) AS n;
CREATE UNIQUE INDEX ON night (n);
CREATE FUNCTION pg_temp.random_id(length integer, salt bigint) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT string_agg(substr('abcdefghijklmnopqrstuvwxyz0123456789', 1 + floor(random() * 36)::integer, 1), '')
    FROM generate_series(1, length + (salt * 0)::integer)
$$;

INSERT INTO cmdb.run (kind, as_of, started_at, finished_at, status, scopes_ok)
SELECT 'run', at, at, at + interval '4 minutes', 'complete', {regions} * 5 FROM night ORDER BY n;
INSERT INTO compliance.evaluation (policy_key, run_id, as_of, policy_version_id, mode, items, changed, max_staleness)
SELECT v.policy_key, r.run_id, r.as_of, v.policy_version_id, 'incremental', {stages}, {stages} / 100, '72:00'
FROM cmdb.run AS r CROSS JOIN compliance.policy_version AS v;

INSERT INTO cmdb.account (account_key, partition, account_id, name, state, payload, version_id, valid_from)
SELECT n, 'aws', (200000000000 + n * 7919)::text, 'Team ' || pg_temp.random_id(7, n), 'ACTIVE', '{{}}', n, '2025-11-01Z'
FROM generate_series(1, greatest(1, {regions} / 10)) AS n;
INSERT INTO cmdb.account_region (account_region_id, account_key, region)
SELECT n, 1 + (n - 1) % greatest(1, {regions} / 10),
       (ARRAY['us-east-1', 'us-west-2', 'eu-west-1', 'eu-central-1', 'ap-southeast-2', 'ap-northeast-1', 'ca-central-1',
              'sa-east-1', 'eu-north-1', 'ap-south-1'])[1 + ((n - 1) / greatest(1, {regions} / 10)) % 10]
FROM generate_series(1, {regions}) AS n;
INSERT INTO cmdb.scope (account_region_id, item_type, status, error, last_attempt_at, last_success_at, read_at, items)
SELECT n, kind, CASE WHEN (n * 7 + length(kind)) % 100 = 0 THEN 'failed' ELSE 'complete' END,
       CASE WHEN (n * 7 + length(kind)) % 100 = 0 THEN 'GetStages was denied (AccessDeniedException).' END,
       '2026-11-23 02:00Z', '2026-11-23 02:00Z', '2026-11-23 02:00Z', 100
FROM generate_series(1, {regions}) AS n
CROSS JOIN unnest(ARRAY['rest_api', 'stage', 'deployment', 'client_certificate', 'acm_certificate']) AS kind;

-- An item's id is no other item's, of whatever type.
INSERT INTO cmdb.rest_api (item_id, account_region_id, version_id, valid_from, digest, rest_api_id, name,
                           is_private)
SELECT 1000000000 + n, 1 + n % {regions}, n, '2025-11-24 02:00Z', '\x00', pg_temp.random_id(10, n),
       (ARRAY['orders', 'payments', 'search', 'mail', 'billing', 'catalog', 'identity', 'reports'])[1 + n % 8]
           || '-' || pg_temp.random_id(5, n),
       n % 20 = 0
FROM generate_series(1, {stages} * 2 / 5) AS n;
INSERT INTO cmdb.certificate (item_id, account_region_id, version_id, valid_from, digest, kind,
                              certificate_id, created_at, expires_at, proven_absent)
SELECT 2000000000 + n, 1 + n % {regions}, n, '2025-11-24 02:00Z', '\x00', 'API_GATEWAY', pg_temp.random_id(6, n),
       c.expires - interval '365 days', c.expires, false
FROM generate_series(1, {stages} / 10) AS n
CROSS JOIN LATERAL (SELECT timestamptz '2026-11-10Z' + make_interval(hours => (random() * 8760)::integer) AS expires) AS c;
CREATE TEMP TABLE of_region AS
SELECT account_region_id, array_agg(certificate_id) AS certificates FROM cmdb.certificate GROUP BY account_region_id;
INSERT INTO cmdb.stage (item_id, account_region_id, version_id, valid_from, digest, parent_id, stage_name,
                        deployment_id, client_certificate_id, certificate_named_at, deployment_served_at)
SELECT s.n, a.account_region_id, s.n, '2025-11-24 02:00Z', '\x00', a.item_id,
       (ARRAY['prod', 'staging', 'dev'])[1 + (s.n - 1) / ({stages} * 2 / 5)], pg_temp.random_id(6, s.n),
       CASE WHEN s.n % 100 < 60 THEN o.certificates[1 + floor(random() * cardinality(o.certificates))::integer] END,
       '2025-11-24 02:00Z', '2025-11-24 02:00Z'
FROM generate_series(1, {stages}) AS s (n)
JOIN cmdb.rest_api AS a ON a.item_id = 1000000001 + (s.n - 1) % ({stages} * 2 / 5)
JOIN of_region AS o ON o.account_region_id = a.account_region_id;
INSERT INTO cmdb.stage_closed (item_id, valid_from, valid_to, superseded_at, version_id, deployment_id,
                               certificate_named_at, deployment_served_at, payload)
SELECT n, '2025-11-24 02:00Z', '2026-03-01 02:00Z', '2026-03-01 02:00Z', n, 'dep' || n % 999, '2025-11-24 02:00Z',
       '2025-11-24 02:00Z',
       '{{"deploymentId": "a", "tags": {{"team": "one"}}}}'
FROM generate_series(1, {stages}, 2) AS n;
UPDATE cmdb.stage SET valid_from = '2026-03-01 02:00Z', deployment_served_at = '2026-03-01 02:00Z' WHERE item_id % 2 = 1;

-- Every stage has a verdict now, for most since the first night, and up to seven that ended before.
CREATE TEMP TABLE verdict AS
SELECT p.policy_key, v.policy_version_id, c.condition_key, c.name, c.status,
       row_number() OVER (PARTITION BY p.policy_key ORDER BY c.position) - 1 AS place,
       count(*) OVER (PARTITION BY p.policy_key) AS places
FROM compliance.policy AS p
JOIN compliance.policy_version AS v ON v.policy_key = p.policy_key
JOIN compliance.condition AS c ON c.policy_key = p.policy_key
WHERE c.status <> 'DISAPPEARED' AND p.resource_type = 'aws.apigateway.stage';
CREATE TEMP TABLE judged AS
SELECT v.policy_key, v.policy_version_id, s.item_id, v.condition_key, v.status,
       CASE WHEN s.item_id % 5 < 3 THEN 0 ELSE floor(365 * random())::integer END AS since,
       s.item_id % 8 AS ended
FROM cmdb.stage AS s
JOIN cmdb.rest_api AS a ON a.item_id = s.parent_id
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN s.account_region_id % 20 = 0 THEN ARRAY['inventory_stale', 'inventory_stale']
        WHEN a.is_private THEN ARRAY['private_endpoint', 'private_endpoint']
        WHEN a.item_id % 4 = 1 THEN ARRAY['no_http_integration', 'no_http_integration']
        WHEN s.client_certificate_id IS NULL THEN ARRAY['certificate_empty', 'certificate_empty']
        WHEN s.item_id % 31 = 0 THEN ARRAY['certificate_deleted', 'certificate_deleted']
        WHEN s.item_id % 17 = 0 THEN ARRAY['certificate_present', 'certificate_expires_soon']
        ELSE ARRAY['certificate_present', 'certificate_valid']
    END AS names
) AS n
JOIN verdict AS v ON v.name = ANY (n.names);
INSERT INTO compliance.record (policy_key, item_id, valid_from, condition_key, policy_version_id, status_since,
                               episode_since, evidence)
SELECT j.policy_key, j.item_id, n.at, j.condition_key, j.policy_version_id, n.at,
       CASE WHEN j.status = 'INCOMPLIANT' THEN n.at END, ''
FROM judged AS j JOIN night AS n ON n.n = j.since;
INSERT INTO compliance.record_closed (policy_key, item_id, valid_from, valid_to, condition_key, policy_version_id,
                                      status_since, evidence)
SELECT j.policy_key, j.item_id, a.at, b.at, v.condition_key, v.policy_version_id, a.at, ''
FROM judged AS j
CROSS JOIN LATERAL generate_series(0, j.ended - 1) AS k
JOIN night AS a ON a.n = j.since * k / j.ended
JOIN night AS b ON b.n = j.since * (k + 1) / j.ended
JOIN verdict AS v ON v.policy_key = j.policy_key AND v.place = (j.item_id + k) % v.places
WHERE a.n < b.n AND j.since > 0;
INSERT INTO compliance.tally (policy_key, account_region_id, condition_key, valid_from, valid_to, items)
SELECT v.policy_key, r.n, v.condition_key, a.at, b.at, 20 + (a.n * 7 + r.n + v.place * 13) % 90
FROM generate_series(1, {regions}) AS r (n)
CROSS JOIN verdict AS v
JOIN night AS a ON a.n % (CASE WHEN v.place < 4 THEN 1 ELSE 6 END) = 0
LEFT JOIN night AS b ON b.n = a.n + (CASE WHEN v.place < 4 THEN 1 ELSE 6 END);
INSERT INTO compliance.episode (policy_key, item_id, started_at, ended_at, account_region_id, outcome)
SELECT c.policy_key, c.item_id, c.valid_from, c.valid_to, s.account_region_id, 'COMPLIANT'
FROM compliance.record_closed AS c
JOIN verdict AS v ON v.condition_key = c.condition_key AND v.status = 'INCOMPLIANT'
JOIN cmdb.stage AS s ON s.item_id = c.item_id;

-- Turn verdicts into records, episodes and counts, as if each night had been judged in its turn.
CREATE TEMPORARY TABLE island ON COMMIT DROP AS
WITH changed AS (
    SELECT s.stage_id, s.n, s.account_region_id, s.condition_key, s.recheck_at, s.stage_version,
           s.rest_api_version, s.integration_version, s.certificate_version,
           lag(s.condition_key) OVER w IS DISTINCT FROM s.condition_key AS is_new,
           lead(s.condition_key) OVER w IS DISTINCT FROM s.condition_key AS is_last
    FROM swept AS s
    WINDOW w AS (PARTITION BY s.stage_id ORDER BY s.n)
),
-- A record keeps the evidence of its first verdict and the time to look again of its last.
paired AS (
    SELECT c.stage_id, c.n, c.account_region_id, c.condition_key, c.stage_version, c.rest_api_version,
           c.integration_version, c.certificate_version, c.is_new,
           CASE WHEN c.is_last THEN c.recheck_at ELSE lead(c.recheck_at) OVER w END AS recheck_at
    FROM changed AS c
    WHERE c.is_new OR c.is_last
    WINDOW w AS (PARTITION BY c.stage_id ORDER BY c.n)
),
named AS (
    SELECT p.stage_id, p.n, p.account_region_id, p.condition_key, p.recheck_at, p.stage_version,
           p.rest_api_version, p.integration_version, p.certificate_version, k.status, w.as_of AS valid_from,
           lag(k.status) OVER o IS DISTINCT FROM k.status AS is_turn,
           lead(w.as_of) OVER o AS valid_to,
           lag(p.condition_key) OVER o AS condition_before
    FROM paired AS p
    JOIN compliance.condition AS k ON k.condition_key = p.condition_key
    JOIN night AS w ON w.n = p.n
    WHERE p.is_new
    WINDOW o AS (PARTITION BY p.stage_id ORDER BY p.n)
),
grouped AS (
    SELECT x.stage_id, x.n, x.account_region_id, x.condition_key, x.condition_before, x.recheck_at,
           x.stage_version, x.rest_api_version, x.integration_version, x.certificate_version, x.status,
           x.valid_from, x.valid_to,
           max(x.valid_from) FILTER (WHERE x.is_turn) OVER o AS status_since,
           count(*) FILTER (WHERE x.status IN ('COMPLIANT', 'INAPPLICABLE', 'DISAPPEARED')) OVER o AS stretch
    FROM named AS x
    WINDOW o AS (PARTITION BY x.stage_id ORDER BY x.n)
)
SELECT g.stage_id, g.n, g.account_region_id, g.condition_key, g.condition_before, g.recheck_at,
       g.stage_version, g.rest_api_version, g.integration_version, g.certificate_version, g.status,
       g.valid_from, g.valid_to, g.status_since,
       CASE WHEN g.status IN ('INCOMPLIANT', 'UNDETERMINED')
            THEN min(g.valid_from) FILTER (WHERE g.status = 'INCOMPLIANT')
                 OVER (PARTITION BY g.stage_id, g.stretch ORDER BY g.n) END AS episode_since
FROM grouped AS g

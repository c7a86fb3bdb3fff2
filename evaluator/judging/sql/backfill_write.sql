-- Turn verdicts into records, episodes and counts, as if each night had been judged in its turn.
CREATE TEMPORARY TABLE island ON COMMIT DROP AS
WITH changed AS (
    SELECT s.item_id, s.n, s.account_region_id, s.condition_key, s.recheck_at, s.evidence, s.subjects, s.subject_count,
           (lag(s.condition_key) OVER w, lag(s.subjects) OVER w, lag(s.subject_count) OVER w)
               IS DISTINCT FROM (s.condition_key, s.subjects, s.subject_count) AS is_new,
           (lead(s.condition_key) OVER w, lead(s.subjects) OVER w, lead(s.subject_count) OVER w)
               IS DISTINCT FROM (s.condition_key, s.subjects, s.subject_count) AS is_last
    FROM swept AS s
    WINDOW w AS (PARTITION BY s.item_id ORDER BY s.n)
),
-- A record keeps the evidence of its first verdict and the time to look again of its last.
paired AS (
    SELECT c.item_id, c.n, c.account_region_id, c.condition_key, c.evidence, c.subjects, c.subject_count, c.is_new,
           CASE WHEN c.is_last THEN c.recheck_at ELSE lead(c.recheck_at) OVER w END AS recheck_at
    FROM changed AS c
    WHERE c.is_new OR c.is_last
    WINDOW w AS (PARTITION BY c.item_id ORDER BY c.n)
),
named AS (
    SELECT p.item_id, p.n, p.account_region_id, p.condition_key, p.recheck_at, p.evidence, p.subjects,
           p.subject_count, k.status, w.as_of AS valid_from,
           lag(k.status) OVER o IS DISTINCT FROM k.status AS is_turn,
           lead(w.as_of) OVER o AS valid_to,
           lag(p.condition_key) OVER o AS condition_before
    FROM paired AS p
    JOIN compliance.condition AS k ON k.condition_key = p.condition_key
    JOIN night AS w ON w.n = p.n
    WHERE p.is_new
    WINDOW o AS (PARTITION BY p.item_id ORDER BY p.n)
),
grouped AS (
    SELECT x.item_id, x.n, x.account_region_id, x.condition_key, x.condition_before, x.recheck_at,
           x.evidence, x.subjects, x.subject_count, x.status,
           x.valid_from, x.valid_to,
           max(x.valid_from) FILTER (WHERE x.is_turn) OVER o AS status_since,
           count(*) FILTER (WHERE x.status IN ('COMPLIANT', 'INAPPLICABLE', 'DISAPPEARED')) OVER o AS stretch
    FROM named AS x
    WINDOW o AS (PARTITION BY x.item_id ORDER BY x.n)
)
SELECT g.item_id, g.n, g.account_region_id, g.condition_key, g.condition_before, g.recheck_at,
       g.evidence, g.subjects, g.subject_count, g.status,
       g.valid_from, g.valid_to, g.status_since,
       CASE WHEN g.status IN ('INCOMPLIANT', 'UNDETERMINED')
            THEN min(g.valid_from) FILTER (WHERE g.status = 'INCOMPLIANT')
                 OVER (PARTITION BY g.item_id, g.stretch ORDER BY g.n) END AS episode_since
FROM grouped AS g

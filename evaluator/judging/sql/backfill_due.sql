-- Make the nights that verdicts asked for the moments to judge next.
TRUNCATE moment;
INSERT INTO moment (stage_id, n, first)
SELECT d.stage_id, d.n, s.first
FROM due AS d
JOIN old_stage AS s ON s.stage_id = d.stage_id AND d.n >= s.first AND d.n < s.past;
TRUNCATE due

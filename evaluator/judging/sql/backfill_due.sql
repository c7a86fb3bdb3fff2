-- Make the nights that verdicts requested the moments to judge next.
TRUNCATE moment;
INSERT INTO moment (item_id, n, first)
SELECT d.item_id, d.n, s.first
FROM due AS d
JOIN {item} AS s ON s.item_id = d.item_id AND d.n >= s.first AND d.n < s.past;
TRUNCATE due

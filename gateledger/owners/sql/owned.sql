-- Whose each item is (null: nobody's that is known): by the first rule that matches, else by the first tag on it, its parent or its account.
CREATE TEMPORARY TABLE owned ON COMMIT DROP AS
SELECT i.item_id, coalesce((%(owners)s::text[])[f.rule_id], t.owner) AS owner
FROM pg_temp.item AS i
LEFT JOIN (
    SELECT item_id, min(rule_id) AS rule_id FROM pg_temp.matched GROUP BY item_id
) AS f ON f.item_id = i.item_id
LEFT JOIN (
    SELECT g.item_id,
           (
               -- A hash, of a tag whose values were hidden, names nobody; nor does a blank value.
               SELECT CASE WHEN v.value ~ '^hmac:[0-9a-f]{32}$' THEN NULL ELSE left(v.value, %(longest)s) END
               FROM (VALUES (1, g.own_tags), (2, g.parent_tags), (3, g.account_tags)) AS l (level, tags)
               CROSS JOIN unnest(%(tags)s::text[]) WITH ORDINALITY AS k (key, place)
               CROSS JOIN LATERAL (SELECT btrim(l.tags ->> k.key, E' \t\r\n')) AS v (value)
               WHERE v.value <> ''
               ORDER BY l.level, k.place
               LIMIT 1
           ) AS owner
    FROM (
        SELECT n.item_id, w.own_tags, w.parent_tags, a.tags AS account_tags
        FROM pg_temp.item AS n
        JOIN cmdb.account AS a ON a.account_key = n.account_key
        LEFT JOIN report.item_tags AS w ON w.item_id = n.item_id
    ) AS g
    WHERE cardinality(%(tags)s::text[]) > 0
) AS t ON t.item_id = i.item_id

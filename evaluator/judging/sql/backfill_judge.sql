-- Judge items at the nights in moment, each by the versions and readings of its night.
INSERT INTO swept
    (item_id, n, account_region_id, condition_key, recheck_at, evidence, subjects, subject_count)
SELECT v.item_id, v.night_n, v.account_region_id, v.condition_key, {recheck}, array_to_string({evidence}, ' '), {subjects}
FROM ({judged} {once}) AS v

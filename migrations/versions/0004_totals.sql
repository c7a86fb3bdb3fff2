-- Totals that trends and times to remediate are read from; the database itself keeps them in step with what they sum up.
CREATE TABLE compliance.tally_change (
    policy_key INTEGER NOT NULL,
    condition_key INTEGER NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    stages BIGINT NOT NULL,
    CONSTRAINT pk_tally_change PRIMARY KEY (policy_key, condition_key, changed_at)
);
COMMENT ON TABLE compliance.tally_change IS 'By how much the counts in tally changed at a time, over all account-regions; kept by triggers of tally.';
COMMENT ON COLUMN compliance.tally_change.policy_key IS 'The policy.';
COMMENT ON COLUMN compliance.tally_change.condition_key IS 'The condition.';
COMMENT ON COLUMN compliance.tally_change.changed_at IS 'as_of of the evaluation that found other counts.';
COMMENT ON COLUMN compliance.tally_change.stages IS 'Stages that the condition held for then, less those it held for before.';

CREATE TABLE compliance.remediation (
    policy_key INTEGER NOT NULL,
    account_key INTEGER NOT NULL,
    minutes INTEGER NOT NULL,
    episodes INTEGER NOT NULL,
    CONSTRAINT pk_remediation PRIMARY KEY (policy_key, account_key, minutes)
);
COMMENT ON TABLE compliance.remediation IS 'How many episodes that ended in COMPLIANT took how long; kept by triggers of episode.';
COMMENT ON COLUMN compliance.remediation.policy_key IS 'The policy.';
COMMENT ON COLUMN compliance.remediation.account_key IS 'The account.';
COMMENT ON COLUMN compliance.remediation.minutes IS 'Length of the episodes, rounded to minutes.';
COMMENT ON COLUMN compliance.remediation.episodes IS 'Episodes of that length.';

-- Statement triggers with transition tables: one grouped statement for a whole night's changes.
CREATE FUNCTION compliance.sum_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO compliance.tally_change AS t (policy_key, condition_key, changed_at, stages)
        SELECT n.policy_key, n.condition_key, c.changed_at, sum(c.stages)
        FROM after_rows AS n
        CROSS JOIN LATERAL (VALUES (n.valid_from, n.stages), (n.valid_to, -n.stages)) AS c (changed_at, stages)
        WHERE c.changed_at IS NOT NULL
        GROUP BY n.policy_key, n.condition_key, c.changed_at
        ON CONFLICT (policy_key, condition_key, changed_at) DO UPDATE SET stages = t.stages + excluded.stages;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO compliance.tally_change AS t (policy_key, condition_key, changed_at, stages)
        SELECT o.policy_key, o.condition_key, c.changed_at, sum(c.stages)
        FROM before_rows AS o
        CROSS JOIN LATERAL (VALUES (o.valid_from, -o.stages), (o.valid_to, o.stages)) AS c (changed_at, stages)
        WHERE c.changed_at IS NOT NULL
        GROUP BY o.policy_key, o.condition_key, c.changed_at
        ON CONFLICT (policy_key, condition_key, changed_at) DO UPDATE SET stages = t.stages + excluded.stages;
        DELETE FROM compliance.tally_change AS t
        USING (SELECT DISTINCT policy_key FROM before_rows) AS o
        WHERE t.policy_key = o.policy_key AND t.stages = 0;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER tally_inserted AFTER INSERT ON compliance.tally
    REFERENCING NEW TABLE AS after_rows FOR EACH STATEMENT EXECUTE FUNCTION compliance.sum_tally();
CREATE TRIGGER tally_updated AFTER UPDATE ON compliance.tally
    REFERENCING OLD TABLE AS before_rows NEW TABLE AS after_rows
    FOR EACH STATEMENT EXECUTE FUNCTION compliance.sum_tally();
CREATE TRIGGER tally_deleted AFTER DELETE ON compliance.tally
    REFERENCING OLD TABLE AS before_rows FOR EACH STATEMENT EXECUTE FUNCTION compliance.sum_tally();

CREATE FUNCTION compliance.sum_remediation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO compliance.remediation AS r (policy_key, account_key, minutes, episodes)
        SELECT n.policy_key, ar.account_key, round(extract(epoch FROM n.ended_at - n.started_at) / 60), count(*)
        FROM after_rows AS n
        JOIN cmdb.account_region AS ar ON ar.account_region_id = n.account_region_id
        WHERE n.outcome = 'COMPLIANT'
        GROUP BY 1, 2, 3
        ON CONFLICT (policy_key, account_key, minutes) DO UPDATE SET episodes = r.episodes + excluded.episodes;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        UPDATE compliance.remediation AS r
        SET episodes = r.episodes - n.episodes
        FROM (
            SELECT o.policy_key, ar.account_key,
                   round(extract(epoch FROM o.ended_at - o.started_at) / 60) AS minutes, count(*) AS episodes
            FROM before_rows AS o
            JOIN cmdb.account_region AS ar ON ar.account_region_id = o.account_region_id
            WHERE o.outcome = 'COMPLIANT'
            GROUP BY 1, 2, 3
        ) AS n
        WHERE r.policy_key = n.policy_key AND r.account_key = n.account_key AND r.minutes = n.minutes;
        DELETE FROM compliance.remediation AS r
        USING (SELECT DISTINCT policy_key FROM before_rows) AS o
        WHERE r.policy_key = o.policy_key AND r.episodes = 0;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER episode_inserted AFTER INSERT ON compliance.episode
    REFERENCING NEW TABLE AS after_rows FOR EACH STATEMENT EXECUTE FUNCTION compliance.sum_remediation();
CREATE TRIGGER episode_updated AFTER UPDATE ON compliance.episode
    REFERENCING OLD TABLE AS before_rows NEW TABLE AS after_rows
    FOR EACH STATEMENT EXECUTE FUNCTION compliance.sum_remediation();
CREATE TRIGGER episode_deleted AFTER DELETE ON compliance.episode
    REFERENCING OLD TABLE AS before_rows FOR EACH STATEMENT EXECUTE FUNCTION compliance.sum_remediation();

-- What was counted before these tables were there.
INSERT INTO compliance.tally_change (policy_key, condition_key, changed_at, stages)
SELECT t.policy_key, t.condition_key, c.changed_at, sum(c.stages)
FROM compliance.tally AS t
CROSS JOIN LATERAL (VALUES (t.valid_from, t.stages), (t.valid_to, -t.stages)) AS c (changed_at, stages)
WHERE c.changed_at IS NOT NULL
GROUP BY t.policy_key, t.condition_key, c.changed_at
HAVING sum(c.stages) <> 0;
INSERT INTO compliance.remediation (policy_key, account_key, minutes, episodes)
SELECT e.policy_key, ar.account_key, round(extract(epoch FROM e.ended_at - e.started_at) / 60), count(*)
FROM compliance.episode AS e
JOIN cmdb.account_region AS ar ON ar.account_region_id = e.account_region_id
WHERE e.outcome = 'COMPLIANT'
GROUP BY 1, 2, 3;

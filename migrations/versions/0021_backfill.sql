-- Policies that were judged for the first time after earlier nights, and the state of their backfill.
CREATE TABLE compliance.backfill (
    policy_key INTEGER NOT NULL,
    first_judged_at TIMESTAMP WITH TIME ZONE NOT NULL,
    tried_at TIMESTAMP WITH TIME ZONE,
    error TEXT,
    done_at TIMESTAMP WITH TIME ZONE,
    nights INTEGER,
    CONSTRAINT pk_backfill PRIMARY KEY (policy_key),
    CONSTRAINT ck_backfill_done CHECK ((done_at IS NULL) = (nights IS NULL)),
    CONSTRAINT fk_backfill_policy_key_policy FOREIGN KEY (policy_key) REFERENCES compliance.policy (policy_key)
);
COMMENT ON TABLE compliance.backfill IS 'Policies that were judged for the first time after earlier nights, and the state of their backfill.';
COMMENT ON COLUMN compliance.backfill.policy_key IS 'The policy.';
COMMENT ON COLUMN compliance.backfill.first_judged_at IS 'as_of of the run that judged it first.';
COMMENT ON COLUMN compliance.backfill.tried_at IS 'as_of of the run that tried last in vain. Null: none did.';
COMMENT ON COLUMN compliance.backfill.error IS 'Why that try failed. Null: none did.';
COMMENT ON COLUMN compliance.backfill.done_at IS 'as_of of the run that judged the past nights. Null: none did yet.';
COMMENT ON COLUMN compliance.backfill.nights IS 'Past nights that were judged then. Null: none were yet.';

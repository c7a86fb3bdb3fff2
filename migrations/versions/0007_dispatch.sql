-- What runs hand to workers, and what came of it.
CREATE TABLE cmdb.dispatch (
    run_id INTEGER NOT NULL,
    key_fingerprint TEXT NOT NULL,
    plan JSONB NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_dispatch PRIMARY KEY (run_id),
    CONSTRAINT fk_dispatch_run_id_run FOREIGN KEY(run_id) REFERENCES cmdb.run (run_id)
);
COMMENT ON TABLE cmdb.dispatch IS 'Runs that hand their account-regions to workers.';
COMMENT ON COLUMN cmdb.dispatch.run_id IS 'The run.';
COMMENT ON COLUMN cmdb.dispatch.key_fingerprint IS 'Fingerprint of the key that hides secret values: workers must have the same.';
COMMENT ON COLUMN cmdb.dispatch.plan IS 'What of the run''s settings its workers go by.';
COMMENT ON COLUMN cmdb.dispatch.opened_at IS 'When the run began to hand out account-regions, by the database''s clock.';
COMMENT ON COLUMN cmdb.dispatch.closed_at IS 'When it stopped to take results. Null: it takes them.';

CREATE TABLE cmdb.dispatch_item (
    run_id INTEGER NOT NULL,
    account_region_id INTEGER NOT NULL,
    done_at TIMESTAMP WITH TIME ZONE,
    is_counted BOOLEAN DEFAULT false NOT NULL,
    worker TEXT,
    scopes_ok INTEGER DEFAULT '0' NOT NULL,
    scopes_failed INTEGER DEFAULT '0' NOT NULL,
    items_seen BIGINT DEFAULT '0' NOT NULL,
    items_changed BIGINT DEFAULT '0' NOT NULL,
    calls INTEGER DEFAULT '0' NOT NULL,
    throttles INTEGER DEFAULT '0' NOT NULL,
    waited_seconds DOUBLE PRECISION DEFAULT '0' NOT NULL,
    CONSTRAINT pk_dispatch_item PRIMARY KEY (run_id, account_region_id),
    CONSTRAINT fk_dispatch_item_run_id_dispatch FOREIGN KEY(run_id) REFERENCES cmdb.dispatch (run_id),
    CONSTRAINT fk_dispatch_item_account_region_id_account_region FOREIGN KEY(account_region_id) REFERENCES cmdb.account_region (account_region_id)
);
CREATE INDEX ix_dispatch_item_open ON cmdb.dispatch_item (run_id) WHERE NOT is_counted;
COMMENT ON TABLE cmdb.dispatch_item IS 'Account-regions that the last run with workers handed out, and what reading each gave.';
COMMENT ON COLUMN cmdb.dispatch_item.run_id IS 'The run.';
COMMENT ON COLUMN cmdb.dispatch_item.account_region_id IS 'The account-region.';
COMMENT ON COLUMN cmdb.dispatch_item.done_at IS 'When it was read and stored, by the database''s clock. Null: not yet.';
COMMENT ON COLUMN cmdb.dispatch_item.is_counted IS 'Whether the run has added it to its totals.';
COMMENT ON COLUMN cmdb.dispatch_item.worker IS 'Host and process that read it. Null: not yet.';
COMMENT ON COLUMN cmdb.dispatch_item.scopes_ok IS 'Scopes read completely.';
COMMENT ON COLUMN cmdb.dispatch_item.scopes_failed IS 'Scopes read in part or not at all.';
COMMENT ON COLUMN cmdb.dispatch_item.items_seen IS 'Items read.';
COMMENT ON COLUMN cmdb.dispatch_item.items_changed IS 'Items that opened, changed or closed.';
COMMENT ON COLUMN cmdb.dispatch_item.calls IS 'AWS calls, retries included.';
COMMENT ON COLUMN cmdb.dispatch_item.throttles IS '429 answers among them.';
COMMENT ON COLUMN cmdb.dispatch_item.waited_seconds IS 'Time spent waiting for the quota.';

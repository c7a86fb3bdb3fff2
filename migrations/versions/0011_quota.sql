-- Runs keep how much of API Gateway's quota they took; workers tell it of each account-region.
ALTER TABLE cmdb.run ADD COLUMN quota JSONB;
COMMENT ON COLUMN cmdb.run.quota IS 'How much of API Gateway''s quota it took. Null: not known.';
ALTER TABLE cmdb.dispatch_item ADD COLUMN peak_per_second INTEGER DEFAULT 0 NOT NULL;
COMMENT ON COLUMN cmdb.dispatch_item.peak_per_second IS 'Most requests to API Gateway within one second.';
ALTER TABLE cmdb.dispatch_item ADD COLUMN quota_share DOUBLE PRECISION DEFAULT 0 NOT NULL;
COMMENT ON COLUMN cmdb.dispatch_item.quota_share IS 'Part of API Gateway''s quota that was taken.';
ALTER TABLE cmdb.dispatch_item ADD COLUMN step_backs INTEGER DEFAULT 0 NOT NULL;
COMMENT ON COLUMN cmdb.dispatch_item.step_backs IS 'How often others'' use of the quota made it take less.';

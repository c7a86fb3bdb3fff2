-- Accounts that were ever collected and are not retired.
SELECT account_id FROM cmdb.account WHERE retired_at IS NULL

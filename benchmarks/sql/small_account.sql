-- An account of some thousand findings: REST APIs of the first account-region are moved to it, with what belongs to them.
INSERT INTO cmdb.account (account_key, partition, account_id, name, state, payload, version_id, valid_from)
SELECT max(account_key) + 1, 'aws', '{account}', 'Small', 'ACTIVE', '{{}}', max(version_id) + 1, min(valid_from)
FROM cmdb.account;
INSERT INTO cmdb.account_region (account_region_id, account_key, region)
SELECT (SELECT max(account_region_id) + 1 FROM cmdb.account_region), account_key, 'us-east-1'
FROM cmdb.account
WHERE account_id = '{account}';
CREATE TEMP TABLE moved ON COMMIT DROP AS
SELECT a.item_id, (SELECT max(account_region_id) FROM cmdb.account_region) AS account_region_id
FROM cmdb.rest_api AS a
WHERE a.account_region_id = (SELECT min(account_region_id) FROM cmdb.rest_api)
ORDER BY a.item_id
LIMIT {apis};
UPDATE cmdb.stage AS s SET account_region_id = m.account_region_id FROM moved AS m WHERE s.parent_id = m.item_id;
UPDATE cmdb.deployment AS d SET account_region_id = m.account_region_id FROM moved AS m WHERE d.parent_id = m.item_id;
UPDATE cmdb.rest_api AS a SET account_region_id = m.account_region_id FROM moved AS m WHERE a.item_id = m.item_id;

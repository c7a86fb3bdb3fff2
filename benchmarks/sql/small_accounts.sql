-- Accounts of some thousand findings each: every so many REST APIs become an account of their own, with what belongs to them.
CREATE TEMP TABLE moved ON COMMIT DROP AS
SELECT item_id, 1 + (row_number() OVER (ORDER BY item_id) - 1) / {apis} AS number FROM cmdb.rest_api;
CREATE TEMP TABLE small ON COMMIT DROP AS
SELECT number, number + (SELECT max(account_key) FROM cmdb.account) AS account_key,
       number + (SELECT max(account_region_id) FROM cmdb.account_region) AS account_region_id
FROM (SELECT DISTINCT number FROM moved) AS n;
INSERT INTO cmdb.account (account_key, partition, account_id, name, state, payload, version_id, valid_from)
SELECT s.account_key, 'aws', (900000000000 + s.number)::text, 'Small', 'ACTIVE', '{{}}',
       s.number + (SELECT max(version_id) FROM cmdb.account), (SELECT min(valid_from) FROM cmdb.account)
FROM small AS s;
INSERT INTO cmdb.account_region (account_region_id, account_key, region)
SELECT account_region_id, account_key, 'us-east-1' FROM small;
UPDATE cmdb.stage AS i SET account_region_id = s.account_region_id
FROM moved AS m JOIN small AS s ON s.number = m.number WHERE i.parent_id = m.item_id;
UPDATE cmdb.deployment AS i SET account_region_id = s.account_region_id
FROM moved AS m JOIN small AS s ON s.number = m.number WHERE i.parent_id = m.item_id;
UPDATE cmdb.rest_api AS i SET account_region_id = s.account_region_id
FROM moved AS m JOIN small AS s ON s.number = m.number WHERE i.item_id = m.item_id;

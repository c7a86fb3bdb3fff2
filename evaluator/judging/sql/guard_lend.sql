-- Let the policies' role use this session's temporary tables, into which verdicts are written.
DO $$
DECLARE
    granted regclass;
BEGIN
    FOR granted IN
        SELECT c.oid::regclass
        FROM pg_catalog.pg_class AS c
        WHERE c.relnamespace = pg_catalog.pg_my_temp_schema() AND c.relkind = 'r'
          AND NOT pg_catalog.has_table_privilege('gateledger_policy', c.oid, 'INSERT')
    LOOP
        EXECUTE format('GRANT SELECT, INSERT ON %s TO gateledger_policy', granted);
    END LOOP;
END
$$

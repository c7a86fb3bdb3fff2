-- Let the role that policies' SQL runs in read what it is offered and what verdicts are compared with, nothing else.
DO $$
DECLARE
    wanted text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'gateledger_policy') THEN
        BEGIN
            CREATE ROLE gateledger_policy NOLOGIN;
            -- Who makes a role may not take it on by that alone (from PostgreSQL 16 on).
            IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
                GRANT gateledger_policy TO CURRENT_USER;
            END IF;
        EXCEPTION
            WHEN insufficient_privilege THEN
                RAISE NOTICE 'role gateledger_policy is missing and this user may not create roles';
                RETURN;
            WHEN duplicate_object OR unique_violation THEN
                NULL; -- another database of this server made it at the same moment
        END;
    END IF;
    IF NOT has_schema_privilege('gateledger_policy', 'cmdb', 'USAGE') THEN
        GRANT USAGE ON SCHEMA cmdb TO gateledger_policy;
    END IF;
    IF NOT has_schema_privilege('gateledger_policy', 'compliance', 'USAGE') THEN
        GRANT USAGE ON SCHEMA compliance TO gateledger_policy;
    END IF;
    FOREACH wanted IN ARRAY ARRAY[
        'cmdb.run', 'cmdb.scope', 'cmdb.scope_state', 'cmdb.unread_item',
        {items},
        'compliance.condition', 'compliance.record', 'compliance.record_closed'
    ] LOOP
        IF NOT has_table_privilege('gateledger_policy', wanted, 'SELECT') THEN
            EXECUTE format('GRANT SELECT ON %s TO gateledger_policy', wanted);
        END IF;
    END LOOP;
END
$$

-- Let the reader role read the reporting views and nothing else; without the right to make roles, leave it out.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'gateledger_reader') THEN
        BEGIN
            CREATE ROLE gateledger_reader NOLOGIN;
        EXCEPTION
            WHEN insufficient_privilege THEN
                RAISE NOTICE 'role gateledger_reader is missing and this user may not create roles';
                RETURN;
            WHEN duplicate_object OR unique_violation THEN
                NULL; -- another database of this server made it at the same moment
        END;
    END IF;
    GRANT USAGE ON SCHEMA report TO gateledger_reader;
    GRANT SELECT ON ALL TABLES IN SCHEMA report TO gateledger_reader;
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA report TO gateledger_reader;
END
$$

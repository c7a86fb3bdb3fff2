-- Gateledger's roles and their rights. To be run by the role that owns the tables; may be run again at any time.
DO $$
DECLARE
    wanted text;
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_namespace AS n
        WHERE n.nspname = 'cmdb' AND pg_has_role(n.nspowner, 'USAGE')
    ) THEN
        RAISE insufficient_privilege
            USING MESSAGE = 'schema cmdb is missing or belongs to another role: run this as the owner, after db upgrade';
    END IF;
    FOREACH wanted IN ARRAY ARRAY[{names}]::text[] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', wanted);
        END IF;
    END LOOP;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'gateledger_reader') THEN
        CREATE ROLE gateledger_reader NOLOGIN;
    END IF;
    -- Nobody comes in by default; the owner of the database always may.
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO gateledger_reader', current_database());
END
$$;

-- The service reads and writes data, in tables of today and of later upgrades, and changes no structure.
DO $$
DECLARE
    ours name;
BEGIN
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO %I', current_database(), {service});
    FOR ours IN SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname IN ('cmdb', 'compliance', 'queue') LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', ours, {service});
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO %I', ours, {service});
        EXECUTE format('GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA %I TO %I', ours, {service});
        EXECUTE format(
            'ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I',
            ours, {service}
        );
        EXECUTE format(
            'ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT USAGE, SELECT ON SEQUENCES TO %I', ours, {service}
        );
    END LOOP;
    EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON cmdb.alembic_version FROM %I', {service});
    IF NOT pg_has_role({service}, 'gateledger_reader', 'MEMBER') THEN
        EXECUTE format('GRANT gateledger_reader TO %I', {service});
    END IF;
    IF NOT pg_has_role({service}, 'gateledger_policy', 'MEMBER') THEN
        EXECUTE format('GRANT gateledger_policy TO %I', {service});
    END IF;
END
$$;

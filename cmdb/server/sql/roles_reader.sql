-- The reader reads the schema report and nothing else.
DO $$
BEGIN
    IF NOT pg_has_role({reader}, 'gateledger_reader', 'MEMBER') THEN
        EXECUTE format('GRANT gateledger_reader TO %I', {reader});
    END IF;
END
$$;

-- Drop what is in the queue's schema and leave the schema itself, with the rights that were given on it.
DO $$
DECLARE
    thing text;
BEGIN
    FOR thing IN
        SELECT format('DROP TABLE %I.%I CASCADE', schemaname, tablename)
        FROM pg_catalog.pg_tables WHERE schemaname = 'queue'
    LOOP
        EXECUTE thing;
    END LOOP;
    FOR thing IN
        SELECT format('DROP ROUTINE %s CASCADE', p.oid::regprocedure)
        FROM pg_catalog.pg_proc AS p WHERE p.pronamespace = 'queue'::regnamespace
    LOOP
        EXECUTE thing;
    END LOOP;
    FOR thing IN
        SELECT format('DROP TYPE %s CASCADE', t.oid::regtype)
        FROM pg_catalog.pg_type AS t
        LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
        WHERE t.typnamespace = 'queue'::regnamespace AND t.typtype IN ('e', 'c', 'd')
          AND (t.typrelid = 0 OR c.relkind = 'c')
    LOOP
        EXECUTE thing;
    END LOOP;
END
$$

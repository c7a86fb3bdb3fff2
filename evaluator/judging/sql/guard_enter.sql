-- Whether this user may take on the policies' role, and the settings that the guard changes and brings back.
SELECT EXISTS (
           SELECT FROM pg_catalog.pg_roles AS r
           WHERE r.rolname = 'gateledger_policy'
             AND pg_catalog.pg_has_role(
                 r.oid,
                 CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END
             )
       ),
       current_setting('role'), current_setting('statement_timeout'), current_setting('search_path')

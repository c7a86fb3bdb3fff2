-- Bring back what the guard changed; that the transaction may write again follows from leaving the savepoint.
SELECT set_config('role', %(role)s, true), set_config('statement_timeout', %(timeout)s, true),
       set_config('search_path', %(path)s, true)

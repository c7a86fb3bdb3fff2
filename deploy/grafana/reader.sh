#!/bin/sh
# Give Grafana its login: a member of gateledger_reader, which can read the reporting views and nothing else.
set -eu
: "${GRAFANA_DATABASE_PASSWORD:?set it in .env}"
psql --no-psqlrc --set ON_ERROR_STOP=1 --set password="$GRAFANA_DATABASE_PASSWORD" <<'SQL'
SELECT 'CREATE ROLE grafana LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'grafana') \gexec
ALTER ROLE grafana PASSWORD :'password';
ALTER ROLE grafana SET default_transaction_read_only = on;
ALTER ROLE grafana SET statement_timeout = '30s';
GRANT gateledger_reader TO grafana;
SQL

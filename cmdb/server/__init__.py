"""The database server: engine and sessions, the embedded PostgreSQL, roles, the queue's schema, the views."""

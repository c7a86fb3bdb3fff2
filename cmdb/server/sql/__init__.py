"""SQL of roles, rights and what else a server holds, one script per file."""

"""SQL of runs, scopes and what is handed out to workers, one statement per file."""

"""SQL of the scheduler's heartbeat, one statement per file."""

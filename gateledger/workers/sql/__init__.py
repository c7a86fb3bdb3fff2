"""SQL on the task queue, one statement per file."""

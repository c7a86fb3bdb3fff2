"""SQL that the command line asks, one question per file."""

"""SQL of what is stored besides what follows from declarations, one statement per file."""

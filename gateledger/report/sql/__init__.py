"""SQL of the report, one file a question; it reads schema ``report`` only."""

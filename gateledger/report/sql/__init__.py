"""SQL of the report, one file per query; it reads schema ``report`` only."""

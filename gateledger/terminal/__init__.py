"""Tables, plots, progress, log lines and exit status."""

"""Settings: their values, where they are read from, and what every command shares."""

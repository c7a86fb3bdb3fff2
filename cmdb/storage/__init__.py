"""What was read becomes versions: comparing, merging, retention, retirement."""

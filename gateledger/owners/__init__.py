"""Owners: who answers for items, by their tags or a mapping file, and where their messages go."""

"""Policy folders and frameworks, read and checked before anything runs."""

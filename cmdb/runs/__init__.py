"""Runs, the scopes they cover, the locks they hold, and the work they share among workers."""

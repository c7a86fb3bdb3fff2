"""Judging items under policies, and what is kept of it."""

"""Exceptions: findings that are knowingly accepted, by whom, why and until when."""

"""Estates made to order: the demo organization with its nights, and estates of any size."""

"""Exports of findings for other tools: CSV, JSON lines, OCSF and ASFF; everything streams."""

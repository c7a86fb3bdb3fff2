"""The nightly job: one run, the process and the schedule around it, and what it reports."""

"""Workers: processes on any machine that read account-regions for a run."""

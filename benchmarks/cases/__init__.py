"""Cases: every module here that has ``CASES`` is found by itself."""

"""HTTP as AWS speaks it, whole or damaged."""

"""Benchmarks: what the product takes beside the least that the same machine needs in the same minutes."""

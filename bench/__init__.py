"""Benchmarks: each prints our figure, the baseline's and the ratio of one interleaved run."""

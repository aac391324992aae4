"""Benchmarks, each beside its reference, in turns. `make bench` runs them; docs/performance.md explains them."""

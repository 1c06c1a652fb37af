"""Measuring: question sets, metrics, benchmarks."""

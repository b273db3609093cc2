"""Measurements, each on one machine within one run: ``python -m benchmarks NAME``."""

"""Ratios against named references; see harness.py for how to add a workload."""

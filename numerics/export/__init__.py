"""Kernels as files that need no toolkit: a Python module, or C99 with its header."""

from numerics.export.door import python_source, save

__all__ = ["python_source", "save"]

"""Kernels as files that need no toolkit: a Python module, or C99 with its header."""

from numerics.export.door import c_source, python_source, save

__all__ = ["c_source", "python_source", "save"]

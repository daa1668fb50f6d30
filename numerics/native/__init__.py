"""Machine code: own elementary functions, compilation, a cache on disk, NumPy ufuncs.

Modules that need numba or llvmlite say so, and are imported only where they are used.
"""

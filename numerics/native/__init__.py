"""Machine code: own elementary functions, compilation by numba, a cache on disk, NumPy ufuncs.

Modules that need numba or llvmlite say so in their first lines and are imported where they are used.
"""

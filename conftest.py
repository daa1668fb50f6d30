"""Modules whose doctests need a package that may be missing are left alone without it."""

from importlib.util import find_spec

NEEDS = {
    "numba": (
        "numerics/native/compiler.py",
        "numerics/native/functions/*",
        "numerics/native/memory.py",
        "numerics/native/namespace.py",
    ),
    "llvmlite": ("numerics/native/engine.py", "numerics/native/target.py"),
}
collect_ignore_glob = [
    path for name, paths in NEEDS.items() if not find_spec(name) for path in paths
]

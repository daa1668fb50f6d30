"""All that the machine code of a unit depends on, as plain text."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numerics.native.target import Target

__all__ = ["parts"]

PACKAGES = ("saddlepoint", "numba", "llvmlite", "numpy")


def parts(source: str, entry: str, target: Target) -> dict[str, str]:
    """The text of a unit, what it is compiled by, and what for."""
    return {
        "source": source,
        "entry": entry,
        "triple": target.triple,
        "cpu": target.cpu,
        "features": target.features,
        **_surroundings(),
    }


@lru_cache(maxsize=1)
def _surroundings() -> dict[str, str]:
    return {
        "python": f"{sys.implementation.name} {platform.python_version()}",
        "platform": f"{sys.platform} {platform.machine()} {sys.maxsize.bit_length() + 1} bits",
        "own sources": _own_sources(),
        **{name: _version(name) for name in PACKAGES},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _own_sources() -> str:
    """A digest of this package: functions and intrinsics become part of each unit."""
    digest = sha256()
    for name, text in sorted(_texts(files("numerics.native"), "")):
        digest.update(f"{name} {len(text)}\n".encode() + text)
    return digest.hexdigest()


def _texts(folder: Any, prefix: str) -> Iterator[tuple[str, bytes]]:
    for item in folder.iterdir():
        if item.is_dir():
            yield from _texts(item, f"{prefix}{item.name}/")
        elif item.name.endswith(".py"):
            yield prefix + item.name, item.read_bytes()

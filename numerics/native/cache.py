"""Machine code on disk: one file for each unit, believed only if every part of it is right.

A file has three parts: a line that says what it is; a line of JSON with all that the code depends
on, its length and its SHA-256; and the code, an object file.  Whatever does not match is compiled
anew and written over.  A cache that cannot be used costs time, never an answer.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from numerics.native.folder import check_ours, default_folder, make_ours, read_ours

__all__ = ["CacheInfo", "cache_info", "clear_cache", "fetch", "store"]

TITLE = b"saddlepoint machine code 1\n"
SUFFIX = ".unit"
UNFINISHED = ".part"
LIMIT = 256 * 2**20  # bytes
ABANDONED = 3600.0  # seconds after which nobody is still writing a file


@dataclass(frozen=True)
class CacheInfo:
    """What is on disk.

    Attributes
    ----------
    folder
        Where; None if this user has no home.
    units, size
        How many units of machine code, and their bytes.
    limit
        The bytes beyond which those go that were not used for longest.
    problem
        Why the folder is not used; empty if it is.
    """

    folder: Path | None
    units: int
    size: int
    limit: int
    problem: str


def cache_info() -> CacheInfo:
    """What machine code is on disk, and where.

    The folder is ``SADDLEPOINT_CACHE_DIR``, or ``saddlepoint`` where the platform keeps caches:
    ``~/.cache`` (or ``XDG_CACHE_HOME``), ``~/Library/Caches``, ``%LOCALAPPDATA%``.

    Examples
    --------
    >>> from numerics.native.cache import cache_info
    >>> cache_info().limit
    268435456
    """
    try:
        folder = default_folder()
    except OSError as error:
        return CacheInfo(None, 0, 0, LIMIT, str(error))
    sizes = [found.st_size for _, found in _files(folder, SUFFIX)]
    return CacheInfo(folder, len(sizes), sum(sizes), LIMIT, _problem(folder))


def clear_cache() -> int:
    """Remove all machine code on disk, and say how many units that were.

    Code that is in use stays in memory.
    """
    folder = cache_info().folder
    if folder is None:
        return 0
    for path, _ in _files(folder, UNFINISHED):
        _removed(path)
    return sum(_removed(path) for path, _ in _files(folder, SUFFIX))


def fetch(parts: Mapping[str, str]) -> bytes | None:
    """The code that was made from exactly these parts, if there is any to be trusted."""
    with contextlib.suppress(OSError):
        path = _path(default_folder(), parts)
        code = _code(read_ours(path), parts)
        if code is not None:
            with contextlib.suppress(OSError):
                os.utime(path)  # used now
        return code
    return None


def store(parts: Mapping[str, str], code: bytes) -> str:
    """Keep code for other processes; why that failed, or nothing."""
    try:
        folder = default_folder()
        make_ours(folder)
        _write(_path(folder, parts), _content(parts, code))
    except OSError as error:
        return f"not kept on disk: {error}"
    _trim(folder)
    return ""


def _problem(folder: Path) -> str:
    try:
        check_ours(folder)
    except FileNotFoundError:
        pass  # it is made when it is needed
    except OSError as error:
        return str(error)
    return ""


def _path(folder: Path, parts: Mapping[str, str]) -> Path:
    return folder / (sha256(_json(parts)).hexdigest() + SUFFIX)


def _content(parts: Mapping[str, str], code: bytes) -> bytes:
    head = {**parts, "length": len(code), "sha256": sha256(code).hexdigest()}
    return TITLE + _json(head) + b"\n" + code


def _code(content: bytes, parts: Mapping[str, str]) -> bytes | None:
    """The code in a file, if the file is what would be written for it now."""
    code = content[len(TITLE) :].partition(b"\n")[2]
    return code if content == _content(parts, code) else None


def _json(parts: Mapping[str, object]) -> bytes:
    return json.dumps(parts, sort_keys=True).encode()


def _write(path: Path, content: bytes) -> None:
    """Others see the whole file or none."""
    descriptor, unfinished = tempfile.mkstemp(UNFINISHED, dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
        os.replace(unfinished, path)
    except BaseException:
        _removed(Path(unfinished))
        raise


def _trim(folder: Path) -> None:
    """Remove what was not used for longest, and what was never finished."""
    for path, found in _files(folder, UNFINISHED):
        if time.time() - found.st_mtime > ABANDONED:
            _removed(path)
    files = sorted(_files(folder, SUFFIX), key=lambda item: item[1].st_mtime, reverse=True)
    total = 0
    for path, found in files:
        total += found.st_size
        if total > LIMIT:
            _removed(path)


def _files(folder: Path, suffix: str) -> Iterator[tuple[Path, os.stat_result]]:
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(folder)):
            with contextlib.suppress(OSError):
                if entry.name.endswith(suffix) and entry.is_file(follow_symlinks=False):
                    yield Path(entry.path), entry.stat(follow_symlinks=False)


def _removed(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True

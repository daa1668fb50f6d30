"""The folder of the cache: where it is, and whether it and its files are ours alone.

What lies there is run as machine code.  So it is used only where nobody else can write: the owner
is this user, and neither group nor others may change it.  (On Windows the profile's rights say so.)
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

__all__ = ["check_ours", "default_folder", "make_ours", "read_ours"]

WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
LARGEST = 1 << 28  # bytes of one file


def default_folder() -> Path:
    """`SADDLEPOINT_CACHE_DIR`, or a folder of ours where this platform keeps caches.

    Raises
    ------
    OSError
        If this user has no home.
    """
    own = os.environ.get("SADDLEPOINT_CACHE_DIR")
    if own:
        return Path(own).absolute()
    return _base() / "saddlepoint"


def make_ours(folder: Path) -> None:
    """Make the folder if it is absent.

    Raises
    ------
    OSError
        If that fails, or if somebody else could change what is in it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_ours(folder)


def check_ours(folder: Path) -> None:
    """Raise OSError unless the folder exists and only this user can change what is in it."""
    found = os.stat(folder)
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(f"{folder} is no folder")
    _check_owner(found, f"the folder {folder}")


def read_ours(path: Path) -> bytes:
    """The content of a plain file that only this user can change.

    Raises
    ------
    OSError
        If there is none, or if it may be somebody else's.
    """
    check_ours(path.parent)
    # a link is not followed, and a pipe does not block
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    try:
        found = os.fstat(descriptor)
        _check_owner(found, f"the file {path}")
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
            raise OSError(f"{path} is no file of a cache")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)


def _base() -> Path:
    if sys.platform == "win32" and os.environ.get("LOCALAPPDATA"):
        return Path(os.environ["LOCALAPPDATA"])
    try:
        home = Path.home()
    except RuntimeError as error:
        raise OSError("this user has no home folder") from error
    if sys.platform == "darwin":
        return home / "Library" / "Caches"
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return given if given.is_absolute() else home / ".cache"


def _check_owner(found: os.stat_result, what: str) -> None:
    if os.name != "posix":
        return
    if found.st_uid != os.geteuid():
        raise OSError(f"{what} belongs to another user")
    if found.st_mode & WRITABLE_BY_OTHERS:
        raise OSError(f"{what} can be written by others (chmod go-w mends it)")

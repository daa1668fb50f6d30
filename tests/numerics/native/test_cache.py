"""A cache that is damaged, foreign or absent costs time, never an answer."""

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from numerics.native import cache
from numerics.native.build import build
from numerics.native.cache import CacheInfo, cache_info, clear_cache
from tests.numerics.native.units import SQUARE, call

pytest.importorskip("numba")
X = np.arange(-50, 50) / 64  # whose squares are exact
posix = pytest.mark.skipif(os.name != "posix", reason="rights of files are POSIX's")


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    place = tmp_path / "cache"
    monkeypatch.setenv("SADDLEPOINT_CACHE_DIR", str(place))
    return place


def origin(source=SQUARE, entry="kernel", note=""):
    """Where a unit came from, after its numbers were looked at."""
    native, out = build(source, entry), np.empty_like(X)
    call(native, X, out)
    np.testing.assert_array_equal(out, X * X + 1.0)
    assert note in native.note
    assert bool(note) == bool(native.note)
    return native.origin


def only_file(folder):
    (path,) = folder.iterdir()
    return path


def test_the_second_time_it_comes_from_the_cache(folder):
    assert [origin(), origin(), origin()] == ["compiled", "cache", "cache"]
    assert only_file(folder).stat().st_mode & 0o777 == 0o600 or os.name != "posix"


def test_the_file_tells_what_it_is(folder):
    build(SQUARE)
    title, head, _ = only_file(folder).read_bytes().split(b"\n", 2)
    parts = json.loads(head)
    assert title.startswith(b"saddlepoint machine code")
    assert parts["source"] == SQUARE
    assert parts["python"].endswith(sys.version.split()[0])
    assert {"numba", "llvmlite", "saddlepoint", "cpu", "features", "triple"} < set(parts)


def test_another_text_or_entry_is_another_unit():
    text = SQUARE + SQUARE.replace("kernel", "other")
    got = [origin(), origin(text), origin(text, "other"), origin(SQUARE.replace("x * x", "x*x"))]
    assert got == ["compiled"] * 4


def flip(position):
    def change(content):
        k = position % len(content)
        return content[:k] + bytes([content[k] ^ 1]) + content[k + 1 :]

    return change


DAMAGE = {
    "empty": lambda content: b"",
    "cut in its title": lambda content: content[:10],
    "cut in its head": lambda content: content[:100],
    "cut in its code": lambda content: content[:-100],
    "without code": lambda content: content[: content.index(b"\n", 40) + 1],
    "longer": lambda content: content + b"\0",
    "a bit in the title": flip(3),
    "a bit in the head": flip(60),
    "a bit in the code": flip(-200),
    "the last bit": flip(-1),
    "zeros": lambda content: bytes(len(content)),
    "no JSON": lambda content: content.replace(b"{", b"[", 1),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_replaced(folder, damage):
    assert origin() == "compiled"
    path = only_file(folder)
    good = path.read_bytes()
    path.write_bytes(damage(good))
    assert [origin(), origin()] == ["compiled", "cache"]
    assert only_file(folder) == path


@pytest.mark.parametrize(
    "part", ["saddlepoint", "numba", "llvmlite", "python", "cpu", "features", "own sources"]
)
def test_a_file_of_another_version_or_processor_is_replaced(folder, part):
    """Even one under the right name, whose sums are right."""
    assert origin() == "compiled"
    path = only_file(folder)
    title, head, code = path.read_bytes().split(b"\n", 2)
    changed = json.dumps(json.loads(head) | {part: "1.0"}, sort_keys=True).encode()
    assert changed != head
    path.write_bytes(b"\n".join([title, changed, code]))
    assert [origin(), origin()] == ["compiled", "cache"]


def test_the_code_of_another_unit_is_replaced(folder):
    build(SQUARE.replace("+ 1.0", "+ 2.0"))
    foreign = only_file(folder)
    content = foreign.read_bytes()
    assert origin() == "compiled"
    (path,) = set(folder.iterdir()) - {foreign}
    path.write_bytes(content)
    assert [origin(), origin()] == ["compiled", "cache"]


def test_each_version_has_a_file_of_its_own(folder, monkeypatch):
    assert origin() == "compiled"
    monkeypatch.setenv("SADDLEPOINT_CPU", "x86-64-v2")
    assert [origin(), origin()] == ["compiled", "cache"]
    monkeypatch.delenv("SADDLEPOINT_CPU")
    assert origin() == "cache"
    assert len(list(folder.iterdir())) == 2


def test_a_folder_in_place_of_the_file(folder):
    assert origin() == "compiled"
    path = only_file(folder)
    path.unlink()
    path.mkdir()
    assert [origin(note="not kept"), origin(note="not kept")] == ["compiled"] * 2
    assert list(folder.iterdir()) == [path]  # no unfinished file is left


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_no_file_stays_open(folder):
    origin()
    path = only_file(folder)
    path.unlink()
    path.mkdir()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        origin(note="not kept")
    assert len(os.listdir("/proc/self/fd")) == before


@posix
def test_a_link_or_a_pipe_in_place_of_the_file(folder, tmp_path):
    assert origin() == "compiled"
    path = only_file(folder)
    good = path.read_bytes()
    (tmp_path / "elsewhere").write_bytes(good)
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    assert [origin(), origin()] == ["compiled", "cache"]
    assert not path.is_symlink()
    path.unlink()
    os.mkfifo(path)
    assert [origin(), origin()] == ["compiled", "cache"]


@posix
@pytest.mark.parametrize("rights", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write_is_replaced(folder, rights):
    assert origin() == "compiled"
    only_file(folder).chmod(rights)
    assert [origin(), origin()] == ["compiled", "cache"]


@posix
@pytest.mark.parametrize("rights", [0o770, 0o707, 0o1777])
def test_a_folder_that_others_can_write_is_not_used(folder, rights):
    assert origin() == "compiled"
    folder.chmod(rights)
    assert origin(note="can be written by others") == "compiled"
    assert "can be written by others" in cache_info().problem
    folder.chmod(0o700)
    assert origin() == "cache"


@posix
def test_what_belongs_to_another_user_is_not_used(folder, monkeypatch):
    assert origin() == "compiled"
    real = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: real + 1)
    assert origin(note="belongs to another user") == "compiled"


@posix
def test_a_folder_in_which_nothing_can_be_made(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SADDLEPOINT_CACHE_DIR", str(tmp_path / "file" / "below"))
    assert [origin(note="not kept"), origin(note="not kept")] == ["compiled"] * 2
    assert "Not a directory" in cache_info().problem
    monkeypatch.setenv("SADDLEPOINT_CACHE_DIR", str(tmp_path / "file"))
    assert origin(note="not kept") == "compiled"
    assert "no folder" in cache_info().problem


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder(folder):
    folder.mkdir(mode=0o500)
    assert origin(note="not kept") == "compiled"


def failing(*_args, **_kwargs):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("step", ["os.replace", "tempfile.mkstemp"])
def test_a_full_disk(folder, monkeypatch, step):
    with monkeypatch.context() as patch:
        patch.setattr(step, failing)
        assert origin(note="No space left") == "compiled"
    assert list(folder.iterdir()) == []
    assert [origin(), origin()] == ["compiled", "cache"]


def test_without_a_home_it_works_without_a_cache(monkeypatch):
    for name in ("SADDLEPOINT_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", classmethod(lambda cls: (_ for _ in ()).throw(RuntimeError)))
    assert origin(note="no home") == "compiled"
    assert cache_info() == CacheInfo(None, 0, 0, cache.LIMIT, "this user has no home folder")
    assert clear_cache() == 0


@posix
def test_the_folder_is_where_the_platform_keeps_caches(monkeypatch, tmp_path):
    monkeypatch.delenv("SADDLEPOINT_CACHE_DIR")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_info().folder == tmp_path / "xdg" / "saddlepoint"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_info().folder == tmp_path / ".cache" / "saddlepoint"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache_info().folder == tmp_path / "Library" / "Caches" / "saddlepoint"


def test_it_can_be_seen_and_cleared(folder):
    assert cache_info() == CacheInfo(folder, 0, 0, cache.LIMIT, "")
    assert not folder.exists()
    origin()
    (folder / "notes.txt").write_text("not ours")
    info = cache_info()
    assert (info.units, info.problem) == (1, "")
    assert info.size > 1000
    assert clear_cache() == 1
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    assert origin() == "compiled"


def test_what_was_not_used_for_longest_goes_first(folder, monkeypatch):
    sources = [SQUARE + f"# {k}\n" for k in range(4)]
    for k, source in enumerate(sources[:3]):
        build(source)
        newest = max(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        os.utime(newest, (1e9 + k, 1e9 + k))
    assert origin(sources[0]) == "cache"  # so that the second is the oldest
    monkeypatch.setattr(cache, "LIMIT", int(3.5 * cache_info().size / 3))
    build(sources[3])
    assert cache_info().units == 3
    assert [origin(sources[k]) for k in (0, 2, 3)] == ["cache"] * 3
    assert origin(sources[1]) == "compiled"


def test_abandoned_files_go(folder):
    origin()
    old, new = folder / "killed.part", folder / "busy.part"
    for path in (old, new):
        path.write_text("half")
    os.utime(old, (time.time() - 7200,) * 2)
    build(SQUARE + "# another\n")
    assert not old.exists()
    assert new.exists()


MANY = """
import sys
sys.path[:0] = {path!r}
import numpy as np
from numerics.native.build import build
from tests.numerics.native.units import call
x = np.arange(-50, 50) / 64
for k in range(3):
    for source in {sources!r}:
        native, out = build(source), np.empty_like(x)
        call(native, x, out)
        assert np.array_equal(out, x * x + 1.0), out
        assert native.note == "", native.note
"""


def test_four_processes_at_once(folder):
    sources = [SQUARE + f"# {k}\n" for k in range(2)]
    program = MANY.format(path=sys.path, sources=sources)
    command = [sys.executable, "-W", "error", "-c", program]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [process.communicate()[1] for process in running] == [""] * 4
    assert [process.returncode for process in running] == [0] * 4
    assert cache_info().units == 2
    assert all(path.suffix == ".unit" for path in folder.iterdir())
    assert [origin(source) for source in sources] == ["cache"] * 2


@posix
def test_a_process_that_may_write_little_goes_on(folder):
    program = (
        "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        f"import sys\nsys.path[:0] = {sys.path!r}\n"
        "from numerics.native.build import build\n"
        f"print(build({SQUARE!r}).note)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "File too large" in done.stdout, done.stderr
    assert list(folder.iterdir()) == []
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700

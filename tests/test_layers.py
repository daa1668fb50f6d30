"""The layering, read from the syntax trees: who imports whom, and how long a file may be."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("derive", "numerics")
LINES = 400


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(node: ast.AST, module: str, is_package: bool) -> list[str]:
    """Return the dotted names that an import statement may load, submodules included."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = node.module or ""
    if node.level:
        parents = module.split(".")
        above = parents[: len(parents) - node.level + is_package]
        base = ".".join([*above, *([node.module] if node.module else [])])
    return [f"{base}.{alias.name}" for alias in node.names]


def all_imports(path: Path) -> list[str]:
    """Return every import of a file, the lazy ones in functions too."""
    here, package = module_name(path), path.name == "__init__.py"
    tree = ast.parse(path.read_text())
    return [name for node in ast.walk(tree) for name in imported(node, here, package)]


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def statements_run_on_import(node: ast.AST) -> list[ast.AST]:
    """Return what runs when a module loads: not the bodies of functions, nor hints for types."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return []
    below = node.orelse if is_type_checking(node) else ast.iter_child_nodes(node)
    return [node, *(inner for child in below for inner in statements_run_on_import(child))]


def loaded(name: str, importer: str, modules: set[str]) -> set[str]:
    """Return the modules among `modules` that an import of `name` runs, packages included.

    The packages around the importer itself run before it in any case, so they are no edge, unless
    it asks for a name that only the package defines.
    """
    if name not in modules:
        name = name.rpartition(".")[0]
    parts = name.split(".")
    chain = {".".join(parts[: k + 1]) for k in range(len(parts))}
    around = {outer for outer in chain if f"{importer}.".startswith(f"{outer}.") and outer != name}
    return (chain & modules) - around


def graph(files: dict[str, tuple[str, bool]]) -> dict[str, set[str]]:
    """Return the graph of module-level imports, from module -> (source, is it a package?)."""
    edges: dict[str, set[str]] = {}
    for module, (source, is_package) in files.items():
        nodes = statements_run_on_import(ast.parse(source))
        names = [name for node in nodes for name in imported(node, module, is_package)]
        edges[module] = set().union(*(loaded(name, module, set(files)) for name in names))
    return edges


def forbidden(path: Path, *names: str) -> list[str]:
    return [got for got in all_imports(path) if got.split(".")[0] in names]


def simplify_calls(source: str) -> list[int]:
    """Return the lines that call SymPy's simplify, as a function or as a method."""
    calls = (node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    named = (func for func in calls if isinstance(func, ast.Name | ast.Attribute))
    return [f.lineno for f in named if getattr(f, "id", getattr(f, "attr", "")) == "simplify"]


@pytest.mark.parametrize("package", PACKAGES)
def test_there_is_something_to_judge(package):
    assert ROOT / package / "__init__.py" in sources(package)


def test_every_folder_of_code_is_a_package():
    folders = {path.parent for path in sources(*PACKAGES)}
    assert {str(f) for f in folders if not (f / "__init__.py").exists()} == set()


def test_derive_is_symbolic_only():
    outer = ("numerics", "numpy", "scipy", "matplotlib")
    found = {str(path): forbidden(path, *outer) for path in sources("derive")}
    assert {path: names for path, names in found.items() if names} == {}


def test_numerics_takes_the_hand_over_and_nothing_else():
    found = {
        str(path): [
            name
            for name in forbidden(path, "derive")
            if name != "derive.equations" and not name.startswith("derive.equations.")
        ]
        for path in sources("numerics")
    }
    assert {path: names for path, names in found.items() if names} == {}


def test_no_module_waits_for_itself():
    files = {
        module_name(path): (path.read_text(), path.name == "__init__.py")
        for path in sources(*PACKAGES)
    }
    order = list(TopologicalSorter(graph(files)).static_order())
    assert set(order) == set(files)


@pytest.mark.parametrize("folder", [*PACKAGES, "tests", "benchmarks"])
def test_no_file_is_long(folder):
    lengths = {str(path): len(path.read_text().splitlines()) for path in sources(folder)}
    assert {path: length for path, length in lengths.items() if length > LINES} == {}


def test_no_simplify_where_a_user_waits():
    found = {str(path): simplify_calls(path.read_text()) for path in sources(*PACKAGES)}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "inner",
    [
        "from package import verb",
        "from package.outer import f",
        "from .outer import f",
        "from . import outer",
        "class C:\n    import package.outer",
    ],
)
def test_a_planted_cycle_is_found(inner):
    files = {
        "package": ("from package.outer import f\nverb = f", True),
        "package.outer": ("from package.inner import g", False),
        "package.inner": (inner, False),
    }
    with pytest.raises(CycleError):
        TopologicalSorter(graph(files)).prepare()


@pytest.mark.parametrize(
    "inner",
    [
        "def f():\n    from package.outer import f",
        "if TYPE_CHECKING:\n    from package.outer import f",
        "from package.other import h",
    ],
)
def test_what_does_not_run_on_import_is_no_cycle(inner):
    files = {
        "package": ("from package.outer import f", True),
        "package.outer": ("from package.inner import g", False),
        "package.inner": (inner, False),
        "package.other": ("", False),
    }
    TopologicalSorter(graph(files)).prepare()


def test_a_planted_simplify_is_found():
    assert simplify_calls("x = 1\nsympy.simplify(x)\nexpr.simplify()\nnsimplify(x)") == [2, 3]

"""The hooks by which notebooks typeset an object."""

from __future__ import annotations

import os
import sys
from typing import Any

from sympy import Basic, MatrixBase

__all__ = ["Foldable", "Typeset", "init_printing"]


class Typeset:
    """Mix in before the other bases: a notebook shows the object as a formula."""

    __slots__ = ()

    def _repr_latex_(self) -> str:
        from derive.typesetting.latex import latex_of

        return f"$\\displaystyle {latex_of(self)}$"


class Foldable(Typeset):
    """Mix in before the other bases: a notebook shows the object as a page that folds.

    Jupyter typesets the formulas in the page without a network.  VS Code typesets none in pages:
    there the page is withheld, and VS Code takes the Markdown.
    """

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        from derive.typesetting.html import markdown_of

        return markdown_of(self)

    def _repr_html_(self) -> str | None:
        from derive.typesetting.html import html_of

        return None if "VSCODE_PID" in os.environ else html_of(self)


def init_printing(shell: Any = None) -> None:
    """Let a notebook show every SymPy expression, and lists of them, as this package typesets it.

    Outside of IPython nothing happens, so that a notebook also runs as a script.

    Parameters
    ----------
    shell : InteractiveShell, optional
        The running one by default.

    Examples
    --------
    >>> init_printing()
    """
    if shell is None and "IPython" in sys.modules:
        shell = sys.modules["IPython"].get_ipython()
    if shell is None:
        return
    formatter = shell.display_formatter.formatters["text/latex"]
    for kind in (Basic, MatrixBase, list, tuple):
        formatter.for_type(kind, _formula)


def _formula(obj: Any) -> str | None:
    from derive.typesetting.latex import latex_of

    members = obj if isinstance(obj, list | tuple) else (obj,)
    if not members or not all(isinstance(member, Basic | MatrixBase) for member in members):
        return None
    return f"$\\displaystyle {latex_of(obj)}$"

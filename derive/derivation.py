"""A derivation: an immutable chain of steps from an ensemble to its equations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from derive.ensemble import Ensemble
from derive.step import Moved, Step
from derive.typesetting.typeset import Foldable
from derive.verbs import Moves

if TYPE_CHECKING:
    from derive.checks.check import CheckReport

__all__ = ["Derivation"]


@dataclass(frozen=True, repr=False)
class Derivation(Moves, Foldable):
    """A chain of moves applied to an ensemble; every move returns a new derivation.

    What the present state offers (`saddle_equations`, `free_energy`, `critical_point`, ...) is
    available on the derivation itself.

    Parameters
    ----------
    start : Ensemble
        The model.
    steps : tuple of Step
        The moves so far.

    Examples
    --------
    >>> import derive as dv
    >>> from sympy import symbols
    >>> beta, J, h = symbols("beta J h", positive=True)
    >>> N = dv.size("N"); i = dv.Index("i", N); s = dv.Ising("s", i); M = dv.total(s[i], i)
    >>> cw = dv.Ensemble(trace=s, exponent=beta*J/(2*N)*M**2 + beta*h*M)
    >>> d = cw.derive().hubbard_stratonovich("m").trace(s).saddle_point(N)
    >>> d.saddle_equations
    [Eq(m, tanh(beta*(J*m + h)))]
    >>> [step.kind.value for step in d.steps]
    ['exact', 'exact', 'asymptotic']
    """

    start: Ensemble
    steps: tuple[Step, ...] = field(default=())

    @property
    def state(self) -> Any:
        """What the last move gave: an `Ensemble` or a `FreeEntropy`."""
        return self.steps[-1].after if self.steps else self.start

    def move(self, function: Callable[..., Moved], *args: Any, **options: Any) -> Derivation:
        """Apply a move: any function from the present state to a `Moved`."""
        moved = function(self.state, *args, **options)
        written = [_written(a) for a in args if a is not None]
        written += [f"{k}={_written(v)}" for k, v in options.items() if v is not None]
        step = Step(
            function.__name__,
            moved.arguments or ", ".join(written),
            self.state,
            moved.after,
            moved.kind,
            moved.assumptions,
            moved.details,
        )
        return Derivation(self.start, (*self.steps, step))

    def to_tex(self, path: Any, title: str = "Derivation", checks: Any = None) -> None:
        """Write the derivation as a complete LaTeX document.

        Parameters
        ----------
        path : str or Path
            Where to.
        title : str
            Its title.
        checks : CheckReport, optional
            What `check` returned, to be listed too.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> from derive.models import curie_weiss
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "curie_weiss.tex"
        >>> curie_weiss.derivation().to_tex(path)
        >>> "documentclass" in path.read_text()
        True
        """
        from pathlib import Path

        from derive.typesetting.document import document_of

        Path(path).write_text(document_of(self, title, checks), encoding="utf-8")

    def check(self, digits: int = 25, seed: int = 1, **values: Any) -> CheckReport:
        """Compare both sides of every step at finite size; see `derive.checks.check.check`.

        Examples
        --------
        >>> from derive.models import curie_weiss
        >>> curie_weiss.derivation().check(N=4).holds
        True
        """
        from derive.checks.check import check

        return check(self, digits=digits, seed=seed, **values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return getattr(self.state, name)
        except AttributeError:
            reached = type(self.state).__name__
            mend = (
                "" if reached == "FreeEntropy" else "; apply saddle_point(N) to reach a FreeEntropy"
            )
            raise AttributeError(f"a derivation at its {reached} has no {name}{mend}") from None

    def __getitem__(self, name: Any) -> Any:
        return self.state[name]

    def __str__(self) -> str:
        lines = [str(self.start), *(f"{k}. {s}\n   {s.after}" for k, s in enumerate(self.steps, 1))]
        return "\n".join(lines)

    __repr__ = __str__


def _written(argument: Any) -> str:
    """An argument as it is shown; a function given by the user under its name."""
    return getattr(argument, "__name__", None) or str(argument)

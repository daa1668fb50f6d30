"""A derivation: an immutable chain of steps from an ensemble to its equations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from derive.ensemble import Ensemble
from derive.errors import MoveError
from derive.free_entropy import FreeEntropy
from derive.moves.ansatz import ansatz
from derive.moves.constrain import constrain
from derive.moves.hubbard_stratonovich import hubbard_stratonovich
from derive.moves.saddle_point import saddle_point
from derive.moves.trace import trace
from derive.step import Kind, Moved, Step

__all__ = ["Derivation"]


@dataclass(frozen=True, repr=False)
class Derivation:
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
        written = [str(a) for a in args] + [f"{k}={v}" for k, v in options.items() if v is not None]
        step = Step(
            function.__name__,
            ", ".join(written),
            self.state,
            moved.after,
            moved.kind,
            moved.assumptions,
            moved.details,
        )
        return Derivation(self.start, (*self.steps, step))

    def _on_ensemble(self, function: Callable[..., Moved], *args: Any, **options: Any) -> Any:
        if not isinstance(self.state, Ensemble):
            raise MoveError(
                f"{function.__name__} applies to an ensemble, but this derivation has reached its "
                "free entropy: apply it before saddle_point"
            )
        return self.move(function, *args, **options)

    def hubbard_stratonovich(self, *names: str, of: Any = None) -> Derivation:
        """Linearise squares of sums by Gaussian fields; see `derive.moves.hubbard_stratonovich`."""
        return self._on_ensemble(hubbard_stratonovich, *names, of=of)

    def constrain(
        self, name: Any, definition: Any = None, conjugate: str | None = None
    ) -> Derivation:
        """Name a sum or a site quantity, or open a sphere; see `derive.moves.constrain`."""
        return self._on_ensemble(constrain, name, definition, conjugate=conjugate)

    def trace(self, *variables: Any) -> Derivation:
        """Sum or integrate out decoupled variables; see `derive.moves.trace`."""
        return self._on_ensemble(trace, *variables)

    def saddle_point(self, size: Any, signature: tuple[int, int] | None = None) -> Derivation:
        """Laplace's method at large size; see `derive.moves.saddle_point`."""
        return self._on_ensemble(saddle_point, size, signature=signature)

    def ansatz(self, name: Any, rule: Any = None) -> Derivation:
        """Restrict an indexed order parameter; see `derive.moves.ansatz`."""
        return self.move(ansatz, name, rule)

    def eliminate(self, *unknowns: Any) -> Derivation:
        """Substitute unknowns by their saddle values: the on-shell free entropy."""
        if not isinstance(self.state, FreeEntropy):
            raise MoveError("eliminate applies to a free entropy: apply saddle_point(N) first")
        return self.move(_eliminate, *unknowns)

    def check(self, **sizes: Any) -> Any:
        """Compare both sides of every step at finite size; see `derive.check`."""
        from derive.check import check

        return check(self, **sizes)

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


def _eliminate(free_entropy: FreeEntropy, *unknowns: Any) -> Moved:
    return Moved(free_entropy.eliminate(*unknowns), Kind.EXACT)


_eliminate.__name__ = "eliminate"

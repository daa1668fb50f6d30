"""What is compared: two expressions, or two equations, in the same symbols."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Basic, Dummy, Eq, Expr, Integral, S, Symbol, Tuple, sympify
from sympy.core.relational import Relational

from derive.errors import DeclarationError
from derive.gaussian.substitution import put
from derive.saddle.linear import numbered

__all__ = ["Statement", "statements"]


@dataclass(frozen=True)
class Statement:
    """An expression (`right`), or the equation of two."""

    left: Expr | None
    right: Expr

    @property
    def is_equation(self) -> bool:
        """Whether it has two sides."""
        return self.left is not None

    @property
    def residual(self) -> Expr:
        """What an equation says to vanish; an expression itself."""
        return self.right if self.left is None else self.left - self.right

    @property
    def symbols(self) -> set[Symbol]:
        """The free symbols of both sides."""
        return self.right.free_symbols | (
            self.left.free_symbols if self.left is not None else set()
        )

    def put(self, rule: Mapping[Any, Any]) -> Statement:
        """The statement with symbols replaced."""
        left = None if self.left is None else put(self.left, rule)
        return Statement(left, put(self.right, rule))


def statements(published: Any, derived: Any, rename: Mapping[Any, Any] | None) -> Any:
    """Both as statements in the symbols of the derived one.

    Symbols of one name are one symbol, and what has no numerical value (elements of arrays, sums
    over sites) is read as one more symbol.

    Raises
    ------
    DeclarationError
        If one is neither an equation nor an expression, if one is an equation and the other is
        not, or if the published one has symbols that the derived one lacks.
    """
    one, two = _read(published, "published"), _read(derived, "derived")
    if one.is_equation != two.is_equation:
        kinds = ["an equation" if s.is_equation else "an expression" for s in (one, two)]
        raise DeclarationError(
            f"the published side is {kinds[0]}, the derived side {kinds[1]}: give two equations, "
            "Eq(left, right), or two expressions"
        )
    one = _renamed(one, two, rename or {})
    parts = Tuple(*(part for s in (one, two) for part in (s.left, s.right) if part is not None))
    plain = list(numbered(parts))
    if not one.is_equation:
        return Statement(None, plain[0]), Statement(None, plain[1])
    return Statement(plain[0], plain[1]), Statement(plain[2], plain[3])


def _read(statement: Any, side: str) -> Statement:
    if not isinstance(statement, Basic | int | float | complex) or isinstance(statement, bool):
        raise DeclarationError(
            f"the {side} side is a {type(statement).__name__}: give an expression or "
            "Eq(left, right)"
        )
    read = sympify(statement)
    if isinstance(read, Eq) and all(isinstance(part, Expr) for part in read.args):
        return Statement(_apart(read.lhs), _apart(read.rhs))
    if read in (S.true, S.false):
        raise DeclarationError(
            f"the {side} equation is {read} already as SymPy reads it: use Eq(..., evaluate=False)"
        )
    if isinstance(read, Relational) or not isinstance(read, Expr):
        raise DeclarationError(
            f"the {side} side, {read}, is neither an expression nor an equation Eq(left, right)"
        )
    return Statement(None, _apart(read))


def _apart(expr: Any) -> Any:
    """Integrals over variables that nobody else has: SymPy's substitution captures."""
    if not expr.has(Integral):
        return expr
    if not isinstance(expr, Integral):
        return expr.func(*(_apart(arg) for arg in expr.args))
    names = {v: Dummy(v.name, real=True) for v in expr.variables}
    limits = [tuple(part.xreplace(names) for part in limits) for limits in expr.limits]
    if any(len(limit) != 3 for limit in limits):
        raise DeclarationError(f"{expr} is no definite integral: give it both limits")
    return Integral(_apart(expr.function).xreplace(names), *limits)


def _renamed(one: Statement, two: Statement, rename: Mapping[Any, Any]) -> Statement:
    """The published statement in the symbols of the derived one."""
    own = {str(s): s for s in one.symbols}
    known = {str(s): s for s in two.symbols}
    rule = {s: known[name] for name, s in own.items() if name in known}
    kept = set()
    for old, new in rename.items():
        if str(old) not in own:
            raise DeclarationError(
                f"rename= names {old}, which the published side does not have: "
                f"{', '.join(sorted(own)) or 'it has no symbols'}"
            )
        target = known.get(str(new), sympify(new))
        kept |= {str(s) for s in target.free_symbols}
        rule[own[str(old)]] = target
    missing = sorted(name for name in own if name not in known and own[name] not in rule)
    if missing:
        spare = sorted(name for name in known if name not in own and name not in kept)
        offer = spare[0] if spare else "..."
        raise DeclarationError(
            f"the published side has {', '.join(missing)}, which the derived side does not have: "
            f"say what it is called there, as in rename={{{missing[0]}: {offer}}}, or that it "
            f"is one more parameter, rename={{{missing[0]}: {missing[0]}}}"
        )
    return one.put(rule)

"""What a referee says, and the point that shows it."""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr, Float, Mul, Rational, Symbol

from derive.typesetting.typeset import Typeset

__all__ = ["Counterexample", "Divergence", "Verdict", "point_text"]

Point = tuple[tuple[Symbol, Expr], ...]


def point_text(point: Point) -> str:
    """A point in words."""
    return ", ".join(f"{name} = {value}" for name, value in point)


def product_text(expr: Expr) -> str:
    """A product in words, with its roots as one: sqrt(2*pi)."""
    roots = [f for f in Mul.make_args(expr) if f.is_Pow and f.exp == Rational(1, 2)]
    if len(roots) < 2:
        return str(expr)
    root = Mul(*(f.base for f in roots))
    return str(expr / Mul(*roots) * Symbol(f"sqrt({root})"))


@dataclass(frozen=True)
class Divergence:
    """A point at which one side has no finite value.

    Attributes
    ----------
    side : str
        "published" or "derived".
    point : tuple of (Symbol, Expr)
        Where.
    reason : str
        Towards where the integral diverges.
    cut_off : tuple of (Float, Float)
        Values of the integral cut off there, as (cut-off, value).
    """

    side: str
    point: Point
    reason: str
    cut_off: tuple[tuple[Float, Float], ...]

    def __str__(self) -> str:
        where = f" at {point_text(self.point)}" if self.point else ""
        text = f"the {self.side} side diverges{where}: {self.reason}"
        if self.cut_off:
            cuts = ", ".join(str(cut.n(3)) for cut, _ in self.cut_off)
            values = ", ".join(str(value.n(5)) for _, value in self.cut_off)
            text += f"; cut off at {cuts} it is {values}"
        return text


@dataclass(frozen=True)
class Counterexample:
    """A point at which both sides differ.

    Attributes
    ----------
    point : tuple of (Symbol, Expr)
        Exact numbers.
    published, derived : tuple of Float
        The values there, to 25 digits or as many as it takes to tell them apart: one, or all
        roots of an equation; None where a side has no finite value.
    quantity : Symbol or None
        What the equations were solved for; None for values of expressions.
    """

    point: Point
    published: tuple[Expr, ...] | None
    derived: tuple[Expr, ...] | None
    quantity: Symbol | None = None

    def __str__(self) -> str:
        name = f"{self.quantity} = " if self.quantity is not None else ""
        where = f"at {point_text(self.point)}: " if self.point else ""
        sides = [("published", self.published), ("derived", self.derived)]
        return where + "; ".join(f"{name}{_values(values)} ({side})" for side, values in sides)


def _values(values: tuple[Expr, ...] | None) -> str:
    if values is None:
        return "no finite value"
    return " or ".join(map(str, values)) if values else "no solution"


@dataclass(frozen=True)
class Verdict(Typeset):
    """Whether a published equation says the same as a derived one.

    Attributes
    ----------
    verdict : str
        "equal"; "equal up to ..." a substitution or a factor that may vanish; "different", also if
        by a factor only, which is then named; or "not verified".
    how : str
        "as canonical forms", or numerically, to how many digits and at how many points.
    factor : Expr or None
        For expressions and right sides published = factor * derived.  For equations that are equal
        their differences of sides have this quotient, which does not vanish.
    substitution : tuple of (Symbol, Expr)
        Put into the published side, it gives the derived one.
    counterexample : Counterexample or None
        A point at which they differ.
    divergence : Divergence or None
        A point at which one side has no finite value.
    subject : str
        What the factor belongs to: "the right sides", "alpha".
    reason : str
        Why nothing was verified.
    """

    verdict: str
    how: str = ""
    factor: Expr | None = None
    substitution: tuple[tuple[Symbol, Expr], ...] = ()
    counterexample: Counterexample | None = None
    divergence: Divergence | None = None
    subject: str = ""
    reason: str = ""

    @property
    def equal(self) -> bool:
        """Whether both say the same as they stand."""
        return self.verdict == "equal"

    @property
    def compares(self) -> bool:
        """Whether it shows two values that differ."""
        shown = self.counterexample
        return self.verdict == "different" and None not in (
            shown and shown.published,
            shown and shown.derived,
        )

    def __str__(self) -> str:
        words = [self.verdict]
        if self.factor is not None and self.verdict == "different":
            subject = f"{self.subject} " if self.subject else ""
            words.append(f": {subject}equal up to the factor {product_text(self.factor)}")
        elif self.factor not in (None, 1) and self.equal:
            words.append(f", the difference of sides times {product_text(self.factor)}")
        if self.how:
            words.append(f", {self.how}")
        details = [self.counterexample, self.divergence, self.reason]
        return "; ".join(["".join(words), *(str(d) for d in details if d)])

    __repr__ = __str__

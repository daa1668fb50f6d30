"""Moreau envelopes and proximal operators, as expressions that bind the variable of the minimum.

M(c, w) = min_u [l(u) + (u - c)^2/(2 w)], reached at prox(c, w).  Their derivatives follow from the
stationarity of the minimum: l'(prox) = (c - prox)/w.
"""

from __future__ import annotations

from typing import Any

from sympy import DiracDelta, Expr, Heaviside, ImmutableMatrix, Piecewise, Symbol, Tuple, sign
from sympy.printing.precedence import PRECEDENCE

from derive.errors import MoveError, ParameterError
from derive.gaussian.declaration import declared_variables, scalar
from derive.gaussian.names import canonical_key, real_symbols
from derive.gaussian.sides import KINKED
from derive.gaussian.substitution import put, renamed_apart, substituted, xreplaced
from derive.typesetting.typeset import Typeset

__all__ = ["MoreauEnvelope", "Proximal"]

JUMPS = (Heaviside, sign, Piecewise, DiracDelta)


class _Minimum(Typeset, Expr):
    """What the value and the place of the minimum share: a binder of one variable."""

    is_commutative = True
    precedence = PRECEDENCE["Atom"]
    is_minimum = True

    @classmethod
    def _bind(cls, loss: Any, u: Any, centre: Any, width: Any) -> tuple[Expr, Tuple, Expr, Expr]:
        loss, centre = scalar(loss, "the loss"), scalar(centre, "the centre")
        width = scalar(width, "the width")
        if width.is_negative:
            raise ParameterError(f"the width {width} is negative: there is no minimum")
        (name,) = declared_variables(u)
        rule = real_symbols([name], loss, centre, width)
        return put(loss, rule), Tuple(rule[name]), centre, width

    loss = property(lambda self: self.args[0])
    integrand = loss  # what binders of variables call it
    centre = property(lambda self: self.args[2])
    width = property(lambda self: self.args[3])

    @property
    def variables(self) -> tuple[Symbol, ...]:
        """The variable that is bound."""
        return tuple(self.args[1])

    @property
    def free_symbols(self) -> set[Any]:
        inner: set[Any] = self.loss.free_symbols - set(self.variables)
        return inner | self.centre.free_symbols | self.width.free_symbols

    def _hashable_content(self) -> tuple[Any, ...]:
        width = ImmutableMatrix([[self.width]])
        return canonical_key(self.loss, self.variables, (self.centre,), width)

    def _xreplace(self, rule: Any) -> tuple[Any, bool]:
        return xreplaced(self, rule)

    def _eval_subs(self, old: Any, new: Any) -> Any:
        return substituted(self, old, new)

    def _eval_simplify(self, **kwargs: Any) -> Expr:
        return self

    def _eval_is_extended_real(self) -> bool | None:
        return True if all(a.is_extended_real for a in (self.loss, *self.args[2:])) else None

    def _eval_evalf(self, prec: int) -> Expr | None:
        from derive.gaussian.minimum import digits

        return None if self.free_symbols else digits(self, prec)

    def _place(self) -> Expr:
        return Proximal(*self.args)

    def _at_minimum(self, expr: Expr) -> Expr:
        (u,) = self.variables
        return put(expr, {u: self._place()})

    @property
    def kinked(self) -> bool:
        """Whether the loss has a kink, at which the proximal operator may stay."""
        (u,) = self.variables
        return any(u in node.free_symbols for node in self.loss.atoms(*KINKED))

    def _closed_slope(self, parameter: Any) -> Expr:
        """The derivative of the closed form."""
        closed = self.doit()
        if closed.has(_Minimum):
            raise MoveError(
                f"the derivative of {self} by {parameter} is not known where the minimum stays at "
                "a kink: write the loss by smooth functions, or piecewise quadratic"
            )
        return closed.diff(parameter)

    def _sympystr(self, printer: Any) -> str:
        parts = (self.loss, *self.variables, *self.args[2:])
        return f"{type(self).__name__}({', '.join(printer._print(p) for p in parts)})"

    def _latex(self, printer: Any) -> str:
        shown = renamed_apart(self, {v.name for v in self.variables if v.name.startswith("\0")})
        (u,) = shown.variables
        what = shown.loss + (u - shown.centre) ** 2 / (2 * shown.width)
        text = printer._print(what)
        return rf"\left({self._sign}_{{{printer._print(u)}}}\left[{text}\right]\right)"

    _sign = r"\min"


class MoreauEnvelope(_Minimum):
    r"""The Moreau envelope min_u [loss(u) + (u - centre)^2/(2 width)].

    Parameters
    ----------
    loss : Expr
        A function of u, convex for a unique minimum.
    u : Symbol
        The real variable of the minimum, bound by the envelope.
    centre : Expr
        Where the parabola has its vertex.
    width : Expr
        Positive; at zero the envelope is the loss at the centre.

    Raises
    ------
    ParameterError
        If the width is negative.

    References
    ----------
    J.-J. Moreau, Bull. Soc. Math. France 93, 273 (1965).

    Examples
    --------
    >>> from sympy import Abs, symbols
    >>> import derive as dv
    >>> u, c = symbols("u c", real=True)
    >>> w = symbols("w", positive=True)
    >>> dv.MoreauEnvelope(u**2/2, u, c, w).doit()
    c**2/(2*w + 2)
    >>> dv.MoreauEnvelope(Abs(u), u, 3, 2).doit()
    2
    >>> dv.MoreauEnvelope(Abs(u), u, c, w).diff(c)
    (c - Proximal(Abs(u), u, c, w))/w
    """

    def __new__(cls, loss: Any, u: Any, centre: Any, width: Any) -> Expr:
        loss, bound, centre, width = cls._bind(loss, u, centre, width)
        outside, inside = loss.as_independent(*bound, as_Add=True)
        if inside == 0:
            return outside
        if width.is_zero:
            return put(loss, {bound[0]: centre})
        return outside + Expr.__new__(cls, inside, bound, centre, width)

    def _eval_is_nonnegative(self) -> bool | None:
        return True if self.loss.is_nonnegative else None

    def doit(self, **hints: Any) -> Expr:
        """In closed form where the loss is convex and piecewise quadratic."""
        from derive.gaussian.piecewise_quadratic import envelope

        parts = (self.loss, *self.variables, *(a.doit(**hints) for a in self.args[2:]))
        found = envelope(*parts)
        return self if found is None else found

    def _eval_derivative(self, parameter: Any) -> Expr:
        """What u contributes vanishes at the minimum (the envelope theorem)."""
        direct = self.loss.diff(parameter)
        (u,) = self.variables
        if any(u in node.free_symbols for node in direct.atoms(*JUMPS)):
            return self._closed_slope(parameter)
        away = (self.centre - self._place()) / self.width
        moved = away * self.centre.diff(parameter)
        spread = -(away**2) / 2 * self.width.diff(parameter)
        return moved + spread + self._at_minimum(direct)


class Proximal(_Minimum):
    r"""The proximal operator: the u at which loss(u) + (u - centre)^2/(2 width) is least.

    Parameters
    ----------
    loss, u, centre, width
        As for a `MoreauEnvelope`.

    Examples
    --------
    >>> from sympy import exp, log, symbols
    >>> import derive as dv
    >>> u, c = symbols("u c", real=True)
    >>> logistic = dv.Proximal(log(1 + exp(-u)), u, c, 2)
    >>> logistic.subs(c, 1).evalf(20)
    1.3966852714371434550
    """

    _sign = r"\operatorname{arg\,min}"

    def __new__(cls, loss: Any, u: Any, centre: Any, width: Any) -> Expr:
        loss, bound, centre, width = cls._bind(loss, u, centre, width)
        inside = loss.as_independent(*bound, as_Add=True)[1]
        if inside == 0 or width.is_zero:
            return centre
        return Expr.__new__(cls, inside, bound, centre, width)

    def doit(self, **hints: Any) -> Expr:
        """In closed form where the loss is convex and piecewise quadratic."""
        from derive.gaussian.piecewise_quadratic import proximal

        parts = (self.loss, *self.variables, *(a.doit(**hints) for a in self.args[2:]))
        found = proximal(*parts)
        return self if found is None else found

    @property
    def stiffness(self) -> Expr:
        """1 + width loss'' at the minimum; positive where the minimum is not degenerate."""
        (u,) = self.variables
        return self._at_minimum(1 + self.width * self.loss.diff(u, 2))

    def _eval_derivative(self, parameter: Any) -> Expr:
        """Of l'(u) w + u = c at u = prox, by the implicit function theorem."""
        if self.kinked:
            return self._closed_slope(parameter)
        (u,) = self.variables
        slope = self.loss.diff(u)
        pull = self.centre.diff(parameter) - slope * self.width.diff(parameter)
        pull -= self.width * slope.diff(parameter)
        return self._at_minimum(pull) / self.stiffness

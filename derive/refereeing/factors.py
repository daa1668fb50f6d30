"""The factor between two quantities, found from values and named exactly.

A constant factor is a rational times a square root times powers of pi (found by continued
fractions), or a product of small powers of 2, 3, 5, 7, pi and e (by integer relations, PSLQ).  A
factor that depends on parameters is looked for among products of half-integer powers of s, 1 - s
and 1 + s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mpmath
from mpmath import mp
from sympy import E, Expr, Integer, Mul, Pow, Rational, S, Symbol, pi, sqrt

from derive.refereeing.domain import Domain
from derive.refereeing.no_value import NoValueError

__all__ = ["find_factor", "name_of_constant"]

DIGITS = 30
WORK = 36
POINTS = 8
ROUGH = 18  # digits at which factors are looked for, before one is verified
_LARGEST = 10**5  # numerators and denominators
_LARGEST_POWER = 8
Ratio = Callable[[Mapping[Symbol, Expr], int], Any]


def find_factor(ratio: Ratio, domain: Domain) -> Expr | None:
    """An exact factor whose values are those of a quotient.

    Parameters
    ----------
    ratio : callable
        The quotient at a point, to so many digits; it may raise NoValueError.
    domain : Domain
        Where.

    Returns
    -------
    Expr or None
        The factor, verified to 30 digits at three points.
    """
    points = domain.points(POINTS)
    known = _known(ratio, points, 3, ROUGH)
    if not known or (len(known) < 3 and known[0][0]):
        return None
    base, first = known[0]
    form: Expr = S.One
    if any(not _same(first, value, ROUGH - 4) for _, value in known):
        others = [point for point, _ in known[1:]]
        forms = {name: _forms(name, *ends) for name, ends in domain.intervals}
        for name in sorted(base, key=lambda s: len(forms[s])):
            if not _constant_in(name, ratio, base, first, others):
                rest = [p for p in points if p != base]
                power = _powers(name, forms[name], ratio, base, rest) if forms[name] else None
                if power is None:
                    return None
                form *= power
    return _verified(ratio, form, [point for point, _ in known])


def _forms(name: Symbol, low: Expr, high: Expr) -> list[Expr]:
    """Which of s, 1 - s and 1 + s are positive in an interval."""
    found = [name] if low >= 0 else []
    found += [1 - name] if high <= 1 else []
    return found + ([1 + name] if low >= -1 else [])


def _verified(ratio: Ratio, form: Expr, points: Sequence[Any]) -> Expr | None:
    """The form times an exact constant, if that is the quotient at all of the points."""
    known = _known(ratio, points, len(points), WORK)
    if len(known) < len(points):
        return None
    with mp.workdps(WORK):
        constants = [value / _number(form, point) for point, value in known]
        if all(_same(constants[0], other, DIGITS) for other in constants):
            constant = name_of_constant(constants[0])
            return None if constant is None else constant * form
    return None


def _known(ratio: Ratio, points: Sequence[Any], count: int, digits: int) -> list[Any]:
    """The first points with a finite quotient, with it."""
    found: list[Any] = []
    for point in points:
        if len(found) == count:
            break
        try:
            value = ratio(point, digits)
        except NoValueError:
            continue
        if value and not isinstance(value, mpmath.mpc):
            found.append((point, value))
    return found


def _same(one: Any, two: Any, digits: int = DIGITS) -> bool:
    return bool(abs(one - two) <= mpmath.mpf(10) ** -digits * abs(one))


def name_of_constant(value: Any) -> Expr | None:
    """An exact number that agrees to 30 digits; None if there is none that is short.

    Examples
    --------
    >>> import mpmath
    >>> with mpmath.workdps(42):
    ...     name_of_constant(mpmath.sqrt(2*mpmath.pi)), name_of_constant(-mpmath.mpf(3)/7)
    (sqrt(2)*sqrt(pi), -3/7)
    """
    sign = 1 if value > 0 else -1
    with mp.workdps(WORK):
        size = abs(value)
        for power in sorted(range(-6, 7), key=abs):
            square = _rational(size**2 / mpmath.pi**power)
            if square is not None:
                return sign * sqrt(square) * sqrt(pi) ** power
        return _by_relation(size, sign)


def _rational(value: Any) -> Rational | None:
    """A rational number with small numerator and denominator."""
    rest, steps = value, []
    for _ in range(12):
        whole = int(mpmath.floor(rest))
        steps.append(whole)
        found = S.Zero
        for step in reversed(steps):
            found = step + (1 / found if found else S.Zero)
        if found.p > _LARGEST**2 or found.q > _LARGEST**2:
            return None
        if found > 0 and _same(value, mpmath.mpf(int(found.p)) / int(found.q)):
            short = found.p <= _LARGEST and found.q <= _LARGEST
            return found if short or _is_smooth(found) else None
        if rest == whole:
            return None
        rest = 1 / (rest - whole)
    return None


def _is_smooth(number: Rational) -> bool:
    """Whether a square of a number of few digits: its root is short."""
    root = sqrt(number)
    return bool(root.is_Rational)


def _by_relation(size: Any, sign: int) -> Expr | None:
    names = (Integer(2), Integer(3), Integer(5), Integer(7), pi, E)
    logs = [mpmath.log(size), *(mpmath.log(n._to_mpmath(mp.prec)) for n in names)]
    relation = mpmath.pslq(logs, maxcoeff=24, maxsteps=5000, tol=mpmath.mpf(10) ** (-DIGITS - 4))
    if not relation or not relation[0]:
        return None
    powers = [Rational(-k, relation[0]) for k in relation[1:]]
    found = sign * Mul(*(Pow(n, p) for n, p in zip(names, powers, strict=True)))
    exact = found.evalf(WORK)._to_mpmath(mp.prec)
    return found if _same(sign * size, exact) else None


# -- factors that depend on parameters ---------------------------------------------------------


def _powers(
    name: Symbol, forms: list[Expr], ratio: Ratio, base: Any, others: Sequence[Any]
) -> Expr | None:
    """The powers of forms of one symbol in a quotient, with the other symbols fixed."""
    places = [base, *(dict(base) | {name: point[name]} for point in others)]
    (start, first), *known = _known(ratio, places, len(forms) + 2, ROUGH)
    if len(known) < len(forms) + 1:
        return None
    with mp.workdps(ROUGH):
        logs = [[mpmath.log(_number(f, p) / _number(f, start)) for f in forms] for p, _ in known]
        values = [mpmath.log(abs(value / first)) for _, value in known]
        try:
            solved = mpmath.lu_solve(mpmath.matrix(logs[:-1]), mpmath.matrix(values[:-1]))
        except (ZeroDivisionError, TypeError):  # mpmath on a singular matrix
            return None
    powers = [Rational(round(2 * float(x)), 2) for x in solved]
    close = all(abs(float(p) - float(x)) < 1e-6 for p, x in zip(powers, solved, strict=True))
    if not close or any(abs(p) > _LARGEST_POWER for p in powers):
        return None
    return Mul(*(Pow(f, p) for f, p in zip(forms, powers, strict=True)))


def _constant_in(name: Symbol, ratio: Ratio, base: Any, first: Any, others: Any) -> bool:
    """Whether the quotient does not change with one symbol."""
    for other in others:
        try:
            return _same(first, ratio(dict(base) | {name: other[name]}, ROUGH), ROUGH - 4)
        except NoValueError:
            continue
    return False


def _number(form: Expr, point: Mapping[Symbol, Expr]) -> Any:
    return form.xreplace(dict(point)).evalf(WORK)._to_mpmath(mp.prec)

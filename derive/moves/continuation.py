r"""Continue in the number of replicas, from integers to n = 0, or to another value.

    E[log Z] = d/dn log E[Z^n]  at n = 0,

and at n = 1 where the replicas of a planted problem include the configuration that was planted.
What does not vanish as n does belongs to variables that are not replicated (a teacher): it is
stationary by itself, and vanishes there since their measure is a probability.
"""

from __future__ import annotations

from typing import Any

from sympy import Add, Expr, Rational, S, Symbol, Tuple, sympify

from derive.ensemble import Ensemble, terms
from derive.errors import MoveError
from derive.gaussian.average import GaussianAverage
from derive.gaussian.fewer_variables import with_fewer_variables
from derive.gaussian.merging import merged
from derive.indices import Element, Index, replicas
from derive.measures import Collective
from derive.nested import LogZ
from derive.rational import positive_at_sample, with_expanded_logs
from derive.saddle.stationary_values import stationary_values
from derive.step import Kind, Moved
from derive.variables import Variable

__all__ = ["continue_replicas"]


def continue_replicas(ensemble: Ensemble, n: Symbol, to: Any = 0) -> Moved:
    """Continue an averaged, factorised partition function in the number of replicas.

    Parameters
    ----------
    ensemble : Ensemble
        After an ansatz and the trace over all sites: n multiplies, and numbers nothing any more.
    n : Symbol
        The number of replicas.
    to : 0, 1 or `n`
        Where to: the derivative of the exponent by n there is the average of log Z (n -> 0), or its
        average in a planted problem (n -> 1); `n` itself stays finite, log E[Z**n] / n.

    Returns
    -------
    Moved
        The exponent of the averaged log Z at fixed order parameters.  Kind: continuation.

    Raises
    ------
    MoveError
        If n still labels something (it says what, and which move comes first), or the exponent does
        not vanish at n = 0.
    """
    n = replicas(n) if isinstance(n, str) else n
    to = sympify(to)
    _refuse_number(ensemble, n, to)
    _refuse_labels(ensemble, n)
    assumptions = [f"the limits of large size and {n} -> {to} are exchanged"]
    exponent = ensemble.exponent
    variables = list(ensemble.variables)
    planted: dict[Expr, Expr] = {}
    if to == n:
        continued, assumptions = Add(*(t / n for t in terms(exponent))), []
    else:
        planted = _planted(exponent, n, to)
        slope = Add(*(term.diff(n) for term in terms(exponent)))
        continued = merged(with_fewer_variables(_at(slope, n, to).xreplace(planted)))
        variables = [v for v in variables if v.element not in planted]
        if planted:
            listed = ", ".join(f"{k} = {v}" for k, v in planted.items())
            assumptions.append(f"what is not replicated is stationary by itself: {listed}")
    return Moved(
        ensemble.replaced(variables=[_oriented(v, n, to) for v in variables], exponent=continued),
        Kind.CONTINUATION,
        tuple(assumptions),
        details=(n, to, Tuple(*(Tuple(k, v) for k, v in planted.items()))),
    )


def _refuse_number(ensemble: Ensemble, n: Symbol, to: Expr) -> None:
    if not ensemble.exponent.has(n):
        known = sorted({str(s) for s in ensemble.exponent.free_symbols if s.is_integer is None})
        raise MoveError(
            f"the exponent does not depend on {n}: replicate('a', {n}) first, and continue in the "
            f"symbol that was declared there, {n} = dv.replicas('{n}'); symbols that it depends on "
            f"are: {', '.join(known) or 'none'}"
        )
    if getattr(n, "is_integer", None):
        raise MoveError(f"{n} is a size, and not a number of replicas to continue in")
    if to not in (0, 1, n):
        raise MoveError(
            f"continue_replicas({n}, to={to}): continue to 0, to 1, or keep {n} finite by "
            f"to={n} and put the number into the result"
        )


def _refuse_labels(ensemble: Ensemble, n: Symbol) -> None:
    if ensemble.disorder:
        names = ", ".join(v.name for v in ensemble.disorder)
        raise MoveError(f"the disorder {names} is not averaged over yet: average('{names}') first")
    for variable in sorted(ensemble.variables, key=lambda v: not _is_matrix(v, n)):
        if any(over.size.has(n) for over in variable.label.ranges):
            matrix = _is_matrix(variable, n)
            first = "ansatz(dv.ReplicaSymmetric())" if matrix else f"trace('{variable.name}')"
            raise MoveError(
                f"{n} still labels the components of {variable.name}, so that it is no number to "
                f"continue in: apply {first} first"
            )
        if not isinstance(variable.measure, Collective):
            raise MoveError(
                f"the sites of {variable.name} are not factorised yet: trace('{variable.name}') "
                f"before continuing in {n}"
            )
    if any(i.range.size.has(n) for i in ensemble.exponent.atoms(Index)):
        raise MoveError(f"{n} still numbers the terms of a sum in {ensemble.exponent}")


def _is_matrix(variable: Variable, n: Symbol) -> bool:
    """An order parameter over replicas alone."""
    ranges = variable.label.ranges
    return bool(ranges) and all(over.size.has(n) for over in ranges)


def _at(exponent: Expr, n: Symbol, to: Expr) -> Expr:
    """The exponent at a number of replicas, with averages in closed form where they have one."""
    value = exponent.subs(n, to)
    if to == 0:
        return value
    return value.xreplace({node: node.doit() for node in value.atoms(GaussianAverage)})


def _planted(exponent: Expr, n: Symbol, to: Expr) -> dict[Expr, Expr]:
    """Stationary values of what the exponent depends on at n = to already.

    There the exponent is its own saddle point to leading order, and the derivative by n is taken
    at that point: d/dn E(n, u(n)) is the partial derivative.
    """
    rest = with_expanded_logs(Add(*(_at(term, n, to) for term in terms(exponent)))).expand()
    if open_integrals := sorted(rest.atoms(LogZ), key=str):
        raise MoveError(
            f"the integral {open_integrals[0]} has no closed form, so that its value at {n} = {to} "
            "is not known: declare the variable with dv.Gaussian, dv.Discrete, or another weight"
        )
    unknowns = sorted(rest.atoms(Element), key=str)
    values = stationary_values(rest, unknowns) if unknowns else {}
    at_saddle = None if values is None else with_expanded_logs(rest.xreplace(values)).expand()
    if at_saddle is None or (to == 0 and at_saddle != 0):
        raise MoveError(
            f"the exponent at {n} = {to} is {rest}"
            + (", not zero where it is stationary: a measure" if to == 0 else ": what")
            + " that is not replicated is no probability; keep disorder by average(..., keep=True)"
        )
    return dict(values or {})


def _oriented(variable: Variable, n: Symbol, to: Expr) -> Variable:
    """What stands for a negative number of components is minimal where they are maximal."""
    measure = variable.measure
    count = measure.multiplicity
    if count.has(n):
        slope = count.diff(n).subs(n, to) if to != n else count / n
        count = S.One if _is_positive(slope, n, to) else S.NegativeOne
    return Variable(variable.label, Collective(count, measure.is_imaginary, measure.level))


def _is_positive(count: Expr, n: Symbol, to: Expr) -> bool:
    """Blocks of replicas are of sizes between n and 1, or between 1 and n."""
    block = Rational(1, 2) if to == 0 else Rational(3, 2)
    sample = {s: S(4) if s == n else block for s in count.free_symbols}
    return positive_at_sample(count.xreplace(sample))

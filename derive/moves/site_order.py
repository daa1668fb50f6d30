"""In which order the variables of an ensemble are traced, when nobody names one.

Conjugates that all replicas share come first, since they are Gaussian as long as the replicas they
couple are not traced; then what has most indices, so that a replica is traced before the fields
that its copies share.
"""

from __future__ import annotations

from derive.ensemble import Ensemble, elements_of, terms
from derive.measures import Continuous
from derive.moves.replicate import is_extensive
from derive.variables import Variable

__all__ = ["free_fields", "next_to_trace"]


def next_to_trace(ensemble: Ensemble) -> tuple[Variable, ...]:
    """The variables to be traced next, jointly; none if only order parameters are left."""
    sites = [v for v in ensemble.variables if any(map(is_extensive, v.label.ranges))]
    if not sites:
        return ()
    most = max(len(v.site_ranges) for v in sites)
    shared = [v for v in sites if _is_conjugate(v) and len(v.site_ranges) < most]
    if shared:
        return (shared[0],)
    first = next(v for v in sites if len(v.site_ranges) == most)
    return tuple(v for v in sites if v.site_ranges == first.site_ranges)


def _is_conjugate(variable: Variable) -> bool:
    return isinstance(variable.measure, Continuous) and variable.measure.is_imaginary


def free_fields(ensemble: Ensemble, names: set[str]) -> tuple[Variable, ...]:
    """Of the Gaussian fields named, those with most indices that touch nothing else at a site."""
    fields = [v for v in ensemble.variables if v.name in names]
    sites = {v.label for v in ensemble.variables if any(map(is_extensive, v.label.ranges))}
    for field in sorted(fields, key=lambda v: -len(v.site_ranges)):
        others = sites - {v.label for v in fields}
        touching = [t for t in terms(ensemble.exponent) if elements_of(t, [field.label])]
        if not any(elements_of(t, others) for t in touching):
            return (field,)
    return ()

"""Landau expansion along a critical mode of unknowns with one component per site.

``V_i = V0_i + eps psi_i`` is put into the free entropy of one vector, psi being an eigenvector of
the array whose eigenvalue becomes critical.  The other directions answer at order eps**2 to a cubic
term, and at eps**3 where there is none: without it the expansion is complete to order eps**4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sympy import Dummy, Expr, Mul, S, Symbol

from derive.errors import DeriveError
from derive.indices import Element, Index, Label, free_indices
from derive.matching import replace_elements, replace_sum
from derive.saddle.index_notation import index_of, is_indexed, under_sums
from derive.saddle.landau import Landau
from derive.saddle.linear import vanishes
from derive.saddle.reduction import Curve
from derive.saddle.series import along_curve
from derive.saddle.spectrum import Eigenvalue, SingularValue
from derive.saddle.stationarity import distributed
from derive.saddle.vector_critical import SymmetricPoint, vector_critical_point
from derive.total import Total

if TYPE_CHECKING:
    from derive.saddle.critical import CriticalPoint
    from derive.saddle.free_entropy import FreeEntropy

__all__ = ["LandauMode", "landau_mode"]

_COMPLETE = 4  # the last order that does not need the response of other modes


@dataclass(frozen=True)
class LandauMode(Landau):
    """``-phi`` per site in powers of the amplitude eps of a critical mode.

    Attributes
    ----------
    mode : Element
        The eigenvector, a given vector of any normalisation.
    eigenvalue : Expr
        Its eigenvalue or singular value.
    neglected : str
        What the expansion leaves out, if the free entropy has a cubic term.
    """

    mode: Expr | None = None
    eigenvalue: Expr | None = None
    neglected: str = ""

    @property
    def is_continuous(self) -> bool | None:
        """As for one order parameter; sums of even powers of the mode count as positive."""
        if self.power % 2:
            return False
        leading = self.critical_coefficients[self.power]
        moments = {t: Dummy("moment", positive=True) for t in leading.atoms(Total) if _is_even(t)}
        return leading.xreplace(moments).is_positive

    @property
    def amplitude_squared(self) -> Expr:
        """``eps**2 / |t|`` on the ordered side, to leading order in ``t = (T - T_c)/T_c``.

        Raises
        ------
        DeriveError
            If the transition is of first order, or not of the fourth power.
        """
        scaling = self.scaling
        if scaling.power != _COMPLETE or scaling.contact != 1:
            raise DeriveError(f"eps**2 does not grow like |t|: its exponents are {self.exponents}")
        return self.curve.written_out(scaling.stiffness / (2 * scaling.leading))


def _is_even(node: Total) -> bool:
    powers = [f.as_base_exp() for f in Mul.make_args(node.body)]
    return all(isinstance(b, Element) and e.is_even for b, e in powers)


def landau_mode(
    free_entropy: FreeEntropy,
    mode: Any = "psi",
    order: int = _COMPLETE,
    at: Any = None,
    source: Any = None,
    parameter: Any = None,
    **parameters: Any,
) -> LandauMode:
    """Expand along the eigenvector that becomes critical.

    Parameters
    ----------
    free_entropy : FreeEntropy
        What to expand; all vectors but one are put on shell.
    mode : str or (str, str)
        The name of the eigenvector; of both singular vectors for a rectangular array.
    order : int
        At most 4.
    at : dict, optional
        The symmetric point; zero by default.
    source : Symbol or str, optional
        The field conjugate to the order parameter, set to zero in the coefficients.
    parameter : Symbol or str, optional
        What drives the transition; the symbol of the inverse temperature by default.
    **parameters
        Values of other parameters.

    Raises
    ------
    DeriveError
        If the critical point is no eigenvalue of one array, or the order is too high.

    Examples
    --------
    >>> import derive as dv
    >>> from sympy import cosh, log, symbols
    >>> from derive.saddle.free_entropy import FreeEntropy
    >>> N = dv.size("N"); i, j = dv.indices("i j", N); b = symbols("beta", positive=True)
    >>> w, V = dv.Given("w", i, j, symmetric=True), dv.Real("V", i)
    >>> sites = dv.total(log(2*cosh(b*dv.total(w[i, j]*V[j], j)/N)), i)
    >>> phi = sites/N - b*dv.total(V[i]*w[i, j]*V[j], i, j)/(2*N**2)
    >>> landau_mode(FreeEntropy(phi, V[i], size=N, beta=b)).amplitude_squared
    3*Total(psi[i]**2, i)/Total(psi[i]**4, i)
    """
    if order > _COMPLETE:
        raise DeriveError(
            f"order={order}: beyond order {_COMPLETE} the other modes answer, and an expansion "
            "along one mode is not complete"
        )
    field = None if source is None else free_entropy.parameter(source)
    if field is not None and is_indexed(field):
        raise DeriveError(
            f"the source {field} has a value for each site: along a mode the order parameter is "
            "conjugate to one uniform field"
        )
    if field is not None:
        parameters = {**parameters, field.name: 0}
    critical = vector_critical_point(free_entropy, at, parameter, parameters)
    eigenvalue = _eigenvalue(critical)
    (kept,) = critical.over
    reduced = _reduced_to(free_entropy, kept)
    names = (mode, "chi") if isinstance(mode, str) else tuple(mode)
    assert critical.operator is not None  # vectors have one
    along = _Mode(kept, eigenvalue, critical.operator[0, 0], names)
    point = SymmetricPoint(reduced, {kept: dict(critical.at)[kept]}, parameters)
    series = along.series(reduced.density, point, order)
    cubic = along.cubic(reduced.density, point)
    response: tuple[Expr, ...] = ()
    if field is not None:
        first = reduced.slope(field) / (1 if reduced.beta is None else reduced.beta)
        response = along.series(first, point, order)
    neglected = ""
    if not vanishes(cubic):
        series = series[:_COMPLETE]
        neglected = (
            f"the cubic term {cubic} moves other modes at order eps**2, which changes the order "
            "eps**4: the expansion ends before it"
        )
    beta = None if reduced.beta is None else reduced.beta.xreplace(point.parameters)
    epsilon = along.amplitude
    return LandauMode(
        epsilon,
        Curve(epsilon, {}, (), order),
        tuple(-a for a in series),
        response,
        critical.parameter,
        ((critical.parameter, critical.value),),
        beta,
        1,
        along.psi,
        eigenvalue,
        neglected,
    )


def _eigenvalue(critical: CriticalPoint) -> Expr:
    found = critical.condition.atoms(Eigenvalue)
    if len(critical.over) != 1 or len(found) != 1:
        raise DeriveError(
            f"no mode to expand along: {critical}; a Landau expansion along a mode needs a "
            "critical point that is an eigenvalue of one array, for one vector of unknowns"
        )
    return next(iter(found))


def _reduced_to(free_entropy: FreeEntropy, kept: Expr) -> FreeEntropy:
    others = [u for u in free_entropy.unknowns if u != kept]
    return free_entropy.on_shell(*others) if others else free_entropy


class _Mode:
    """The eigenvector, the equations that it solves, and expansions along it."""

    def __init__(self, kept: Expr, eigenvalue: Expr, operator: Expr, names: tuple[str, ...]):
        (index,) = index_of(kept)
        self.kept, self.amplitude = kept, Symbol("epsilon", real=True)
        self.psi = Element(Label(names[0], (index.range,), given=True), index)
        self.array, self.symmetric = _symmetric_part(eigenvalue)
        self.norms: list[tuple[Expr, Expr]] = []
        self.equations = list(self._equations(eigenvalue, operator, names[1]))

    def _equations(self, eigenvalue: Expr, operator: Expr, partner: str) -> Any:
        """(sum, its free index, value): ``sum_j w_ij psi_j = lambda psi_i``."""
        i, j = eigenvalue.indices
        psi = self.psi.label
        if not isinstance(eigenvalue, SingularValue):
            array = eigenvalue.body if self.symmetric is None else self.symmetric[i, j]
            yield Total(array * psi[j], j), i, eigenvalue * psi[i]
            return
        array = eigenvalue.body
        left, right = (i, j) if array.slots == (i, j) else (j, i)
        if not operator.has(_square(array, left, right, free_indices(operator))):
            left, right = right, left
        chi = Label(partner, (right.range,), given=True)
        # chi W^T psi = psi W chi: both singular vectors have the same norm
        self.norms = [(Total(chi[right] ** 2, right), Total(psi[left] ** 2, left))]
        yield Total(array * psi[left], left), right, eigenvalue * chi[right]
        yield Total(array * chi[right], right), left, eigenvalue * psi[left]

    def imposed(self, expr: Expr) -> Expr:
        """Use the eigenvector's equations."""
        while True:
            before = expr
            for pattern, free, value in self.equations:
                expr = replace_sum(expr, pattern, (free,), _in_place_of(free, value))
            for norm, same in self.norms:
                expr = expr.xreplace({norm: same})
            if expr == before:
                return expr

    def moved(self, expr: Expr, point: SymmetricPoint, *directions: tuple[Expr, Label]) -> Expr:
        """The expression at ``V0 + eps psi``, with more such directions if given."""
        slots = index_of(self.kept)
        start = point.unknowns[self.kept]

        def value(*at: Expr) -> Expr:
            shift = sum(amplitude * label[at] for amplitude, label in directions)
            return start.xreplace(dict(zip(slots, at, strict=True))) + shift

        moved = replace_elements(point.at_parameters(expr), self.kept.label, value)
        return self.imposed(self._in_symmetric_part(moved))

    def _in_symmetric_part(self, expr: Expr) -> Expr:
        """``W = S/2 + (D - D^T)/2`` with S = W + W^T: what D multiplies cancels."""
        if self.array is None or self.symmetric is None:
            return expr
        whole, rest = self.symmetric, Label("D", self.array.ranges, given=True)
        split = replace_elements(
            expr, self.array, lambda a, b: (whole[a, b] + rest[a, b] - rest[b, a]) / 2
        )
        return under_sums(split, distributed)

    def series(self, expr: Expr, point: SymmetricPoint, order: int) -> tuple[Expr, ...]:
        """Coefficients 0, ..., order of an expression in eps."""
        moved = self.moved(expr, point, (self.amplitude, self.psi.label))
        curve = {self.amplitude: [S.Zero, S.One, *(S.Zero,) * (order - 1)]}
        return tuple(map(self.imposed, along_curve(moved, curve, order, self.imposed)))

    def cubic(self, density: Expr, point: SymmetricPoint) -> Expr:
        """The third derivative, twice along the mode and once along any other direction."""
        other, along = Dummy("delta"), Dummy("epsilon")
        label = Label("eta", self.psi.label.ranges, given=True)
        directions = ((along, self.psi.label), (other, label))
        slope = self.moved(density, point, *directions).diff(other).xreplace({other: S.Zero})
        curve = {along: [S.Zero, S.One, S.Zero]}
        return self.imposed(along_curve(slope, curve, 2, self.imposed)[2]).expand()


def _symmetric_part(eigenvalue: Expr) -> tuple[Label | None, Label | None]:
    """W and a name for W + W^T, if that is what has the eigenvalue."""
    if isinstance(eigenvalue.body, Element):
        return None, None
    labels = {element.label for element in eigenvalue.body.atoms(Element)}
    i, j = eigenvalue.indices
    if len(labels) != 1 or eigenvalue.body != sum(label[i, j] + label[j, i] for label in labels):
        raise DeriveError(
            f"no expansion along an eigenvector of {eigenvalue.body}: only of one array, of its "
            "symmetric part, or along its singular vectors"
        )
    (array,) = labels
    return array, Label(f"{array.name}_sym", array.ranges, symmetric=True, given=True)


def _square(array: Expr, left: Index, right: Index, taken: frozenset[Index]) -> Expr:
    """``sum_k W_ik W_jk`` in the indices of the operator."""
    first, second = sorted(taken, key=str)
    inner = right.renamed("\\0k")
    return Total(
        array.xreplace({left: first, right: inner}) * array.xreplace({left: second, right: inner}),
        inner,
    )


def _in_place_of(free: Index, value: Expr) -> Any:
    return lambda index: value.xreplace({free: index})

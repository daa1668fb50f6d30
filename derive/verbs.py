"""The moves as methods: what a derivation can be told to do next."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from derive.ensemble import Ensemble
from derive.errors import MoveError
from derive.limits.limit import limit
from derive.moves.ansatz import ansatz
from derive.moves.blocks import join, split
from derive.moves.change_variable import change_variable
from derive.moves.constrain import constrain
from derive.moves.hubbard_stratonovich import hubbard_stratonovich
from derive.moves.plefka import plefka
from derive.moves.replica_ansatz import OneStepRSB, ReplicaSymmetric
from derive.moves.saddle_point import saddle_point
from derive.replica_verbs import ReplicaMoves, judged, replica_ansatz_of
from derive.saddle.free_entropy import FreeEntropy
from derive.step import Kind, Moved

if TYPE_CHECKING:
    from derive.derivation import Derivation

__all__ = ["Moves"]


class Moves(ReplicaMoves):
    """The verbs of a `Derivation`; each returns a new derivation with one more step."""

    if TYPE_CHECKING:

        @property
        def state(self) -> Any: ...

        def move(
            self, function: Callable[..., Moved], *args: Any, **options: Any
        ) -> Derivation: ...

    def _on_ensemble(self, function: Callable[..., Moved], *args: Any, **options: Any) -> Any:
        if not isinstance(self.state, Ensemble):
            raise MoveError(
                f"{function.__name__} applies to an ensemble, but this derivation has reached its "
                "free entropy: apply it before saddle_point"
            )
        return self.move(function, *args, **options)

    def hubbard_stratonovich(self, *names: str, of: Any = None) -> Derivation:
        """Linearise squares of sums over traced variables by Gaussian fields (exact).

        Squares ``c*T**2`` of either sign of c, products ``c*T1*T2`` of different sums, squares
        under a common sum such as ``sum_a T_a**2``, and quadratic forms ``sum_ij A_ij v_i v_j`` in
        a given symmetric array are all linearised; a sum of S terms gets a field that is its mean.
        The form used, ``exp(x B x/2) ~ int dm exp(-m B m/2 + m B x)``, has no inverse of B.

        Parameters
        ----------
        *names : str
            One name for each field: simple sums first, then in the order of declaration.
        of : Variable or str, optional
            Linearise only what contains this variable.

        Raises
        ------
        MoveError
            If nothing is quadratic in sums, or the number of names is wrong (it says which).

        Examples
        --------
        >>> from derive.models import curie_weiss
        >>> curie_weiss.ensemble().derive().hubbard_stratonovich("m").exponent
        -J*N*beta*m**2/2 + J*beta*m*Total(s[i], i) + beta*h*Total(s[i], i)
        """
        return self._on_ensemble(hubbard_stratonovich, *names, of=of)

    def constrain(
        self, name: Any, definition: Any = None, conjugate: str | None = None
    ) -> Derivation:
        """Name a quantity by a delta function with its Fourier conjugate, or open a sphere (exact).

        Parameters
        ----------
        name : str or Variable
            The field's name; or a variable on a sphere, whose norm is then imposed.
        definition : Expr, optional
            What the field equals: a sum such as ``total(s[i], i)/N``, or one element ``s[i]`` for a
            field on each site.  Free indices of it become indices of the field.
        conjugate : str, optional
            The conjugate's name, ``name + "hat"`` by default.  Its contour is the imaginary axis.

        Raises
        ------
        MoveError
            If the exponent does not contain the quantity.

        Examples
        --------
        >>> import derive as dv
        >>> N = dv.size("N"); i = dv.Index("i", N); s = dv.Ising("s", i); M = dv.total(s[i], i)
        >>> d = dv.Ensemble(trace=s, exponent=M**3/N**2).derive()
        >>> d.constrain("m", M/N).exponent
        N*m**3 - N*m*mhat + mhat*Total(s[i], i)
        """
        return self._on_ensemble(constrain, name, definition, conjugate=conjugate)

    def change_variable(self, variable: Any, name: str, rule: Any) -> Derivation:
        """Write a variable affinely in a new one; see `derive.moves.change_variable` (exact).

        Examples
        --------
        >>> import derive as dv
        >>> N = dv.size("N"); i = dv.Index("i", N); a = dv.Binary("a", i)
        >>> gas = dv.Ensemble(trace=a, exponent=dv.total(a[i], i)).derive()
        >>> d = gas.change_variable("a", "s", lambda s: (1 + s)/2)
        >>> d["s"].measure.values, d.exponent
        ((-1, 1), N/2 + Total(s[i], i)/2)
        """
        return self._on_ensemble(change_variable, variable, name, rule)

    def split(self, over: Any, parts: Any, pieces: Any) -> Derivation:
        """Take an index range apart into parts; see `derive.moves.blocks` (exact).

        Examples
        --------
        >>> import derive as dv
        >>> N = dv.size("N"); i, k = dv.Index("i", N), dv.Index("k", N + 1)
        >>> V, r = dv.Ising("V", k), dv.Given("r", k)
        >>> d = dv.Ensemble(trace=V, exponent=dv.total(r[k]*V[k], k)).derive()
        >>> d.split(k, [1, i], {"V": [1, "V"], "r": [0, dv.Given("h", i)]}).exponent
        Total(V[k]*h[k], k)
        """
        return self._on_ensemble(split, over, parts, pieces)

    def join(
        self, name: str, variables: Any, arrays: Any = None, over: str | None = None
    ) -> Derivation:
        """Make variables one over the union of their ranges; see `derive.moves.blocks` (exact).

        Examples
        --------
        >>> import derive as dv
        >>> i, j = dv.indices("i j", dv.size("N")); w = dv.Given("w", i, j)
        >>> a, b = dv.Ising("a", i), dv.Ising("b", j)
        >>> d = dv.Ensemble(trace=[a, b], exponent=dv.total(w[i, j]*a[i]*b[j], i, j)).derive()
        >>> d.join("s", [a, b], {"W": [[0, w], [w.T, 0]]}).exponent
        Total(s[i]*s[j]*W[i, j], i, j)/2
        """
        return self._on_ensemble(join, name, variables, arrays, over=over)

    def saddle_point(
        self, size: Any, *others: Any, signature: tuple[int, int] | None = None
    ) -> Derivation:
        """Laplace's method for large `size`: the free entropy (asymptotic).

        With as many fields as sites nothing controls it, and the step is an approximation.

        Parameters
        ----------
        size : Symbol
            The large number.
        *others : Symbol
            Further sizes that grow with it, such as those of other layers; densities are per
            `size`.
        signature : (int, int), optional
            Numbers of positive and negative eigenvalues of the quadratic form of joint fields,
            where assumptions on its symbols do not decide it.

        Raises
        ------
        NotExtensiveError
            If the exponent is not proportional to `size`; it names the term.
        MoveError
            If a variable is still to be traced, or disorder to be averaged.

        Examples
        --------
        >>> from derive.models import curie_weiss
        >>> curie_weiss.derivation().density
        -J*beta*m**2/2 + log(2*cosh(beta*(J*m + h)))
        """
        return self._on_ensemble(saddle_point, size, *others, signature=signature)

    def plefka(
        self, *names: str, order: int = 2, conjugate: Any = None, size: Any = None
    ) -> Derivation:
        """Free entropy at given means, to an order in the interaction (approximation).

        Order 1 is naive mean field, order 2 TAP; the couplings may be arrays given.

        Parameters
        ----------
        *names : str
            A name for the means of each variable, in the order of their declaration.
        order : int
            1 to 4.
        conjugate : str or sequence of str, optional
            Names of the conjugate fields, ``name + "hat"`` by default.
        size : Symbol, optional
            What densities are per: the number of sites by default.

        Raises
        ------
        MoveError
            If the interaction is no polynomial, or another move has to come first.

        Examples
        --------
        >>> import derive as dv
        >>> i, j = dv.indices("i j", dv.size("N")); s, w = dv.Ising("s", i), dv.Given("w", i, j)
        >>> glass = dv.Ensemble(trace=s, exponent=dv.total(w[i, j]*s[i]*s[j], i, j))
        >>> glass.derive().plefka("V", conjugate="U").saddle_equations[0]
        Eq(V[i], tanh(U[i]))
        """
        return self._on_ensemble(plefka, *names, order=order, conjugate=conjugate, size=size)

    def ansatz(self, name: Any, rule: Any = None) -> Derivation:
        """Restrict order parameters to a form with fewer unknowns (ansatz).

        Parameters
        ----------
        name : str, ReplicaSymmetric or OneStepRSB
            The indexed order parameter of a free entropy; or the form that all order parameters
            over the replicas of an averaged ensemble take.
        rule : Uniform, callable or mapping
            ``Uniform()`` (default), a function of the index, or the components one by one.

        Raises
        ------
        MoveError
            If there is no such order parameter, or the rule brings no unknown.

        Examples
        --------
        >>> import derive as dv
        >>> N = dv.size("N"); i, a = dv.Index("i", N), dv.Index("a", 3)
        >>> c = dv.Potts("c", i, a)
        >>> potts = dv.Ensemble(trace=c, exponent=dv.total(dv.total(c[i, a], i)**2, a)/N)
        >>> d = potts.derive().hubbard_stratonovich("x").trace(c).saddle_point(N)
        >>> d.ansatz("x", dv.Uniform()).unknowns
        (x,)
        """
        if name in (ReplicaSymmetric, OneStepRSB):
            name = name()
        if isinstance(name, ReplicaSymmetric | OneStepRSB):
            return replica_ansatz_of(self, name)
        return self.move(ansatz, name, rule)

    def eliminate(self, *unknowns: Any) -> Derivation:
        """Substitute unknowns by their saddle values: the on-shell free entropy (exact).

        Parameters
        ----------
        *unknowns : str or Symbol
            What to eliminate, such as conjugates.

        Raises
        ------
        DeriveError
            If a stationarity condition has no unique real solution in closed form.

        Examples
        --------
        >>> import derive as dv
        >>> N = dv.size("N"); i = dv.Index("i", N); s = dv.Ising("s", i); M = dv.total(s[i], i)
        >>> d = dv.Ensemble(trace=s, exponent=M**3/N**2).derive()
        >>> d.constrain("m", M/N).trace(s).saddle_point(N).eliminate("mhat").unknowns
        (m,)
        """
        if not isinstance(self.state, FreeEntropy):
            raise MoveError("eliminate applies to a free entropy: apply saddle_point(N) first")
        return self.move(_eliminate, *unknowns)

    def limit(self, variable: Any, point: Any, side: str = "-", scaling: Any = None) -> Derivation:
        """A free entropy in a limit: a capacity, the ground state (asymptotic).

        An overlap q -> 1 gives the condition that the largest term of the free entropy vanishes, a
        `Capacity`.  The inverse temperature -> oo gives phi/beta in unknowns that stay finite, a
        `GroundState`.  Another parameter gives the limit of the free entropy.  How unknowns scale
        along is found by leading balance and recorded as an assumption.

        Parameters
        ----------
        variable : Symbol or str
            What goes to the point.
        point : Expr
            Where to, from below unless ``side="+"``.
        scaling : dict, optional
            How unknowns go along, with a new symbol in each, such as ``{q: 1 - C/beta}``.

        Raises
        ------
        LimitError
            If there is no such limit; it says why.

        Examples
        --------
        >>> from sympy import oo
        >>> from derive.models import curie_weiss
        >>> curie_weiss.derivation().limit("beta", oo).saddle_equations
        [Eq(m, sign(J*m + h))]
        """
        return judged(self.move(limit, variable, point, side=side, scaling=scaling))


def _eliminate(free_entropy: FreeEntropy, *unknowns: Any) -> Moved:
    return Moved(free_entropy.eliminate(*unknowns), Kind.EXACT)


_eliminate.__name__ = "eliminate"

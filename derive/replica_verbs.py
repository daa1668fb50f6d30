"""The moves of the replica method as methods of a derivation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from derive.ensemble import Ensemble
from derive.errors import DeriveError, MoveError
from derive.limits.capacity import Capacity
from derive.moves.average import average
from derive.moves.continuation import continue_replicas
from derive.moves.leading_order import leading_order, subleading_terms
from derive.moves.local_fields import local_fields
from derive.moves.order_parameters import order_parameters
from derive.moves.replica_ansatz import ReplicaSymmetric, replica_ansatz
from derive.moves.replica_squares import couples_replicas, replica_squares
from derive.moves.replicate import replicate
from derive.moves.site_order import free_fields, next_to_trace
from derive.moves.trace import trace

if TYPE_CHECKING:
    from derive.derivation import Derivation

__all__ = ["ReplicaMoves", "judged", "replica_ansatz_of", "replicas_traced"]


class ReplicaMoves:
    """The verbs from quenched disorder to the free entropy of one replica."""

    if TYPE_CHECKING:
        state: Any
        steps: tuple[Any, ...]

        def _on_ensemble(self, function: Any, *args: Any, **options: Any) -> Derivation: ...

    def replicate(self, index: Any, n: Any = None) -> Derivation:
        """Take n copies of all that is traced, which share the disorder (exact at integer n).

        Parameters
        ----------
        index : str or Index
            The replica index; it becomes the first slot of every traced variable.
        n : Symbol
            The number of replicas, ``dv.replicas("n")``.

        Raises
        ------
        MoveError
            If the ensemble is replicated already.

        Examples
        --------
        >>> import derive as dv
        >>> N, n = dv.size("N"), dv.replicas("n"); i = dv.Index("i", N)
        >>> s, h = dv.Ising("s", i), dv.Gaussian("h", i)
        >>> field = dv.Ensemble(trace=s, disorder=h, exponent=dv.total(h[i]*s[i], i)).derive()
        >>> field.replicate("a", n)["s"].label.ranges
        (IndexRange(n), IndexRange(N))
        """
        return self._on_ensemble(replicate, index, n)

    def local_fields(self, *names: str, **definitions: Any) -> Derivation:
        """Name the linear forms of the disorder that stand inside non-linear functions (exact).

        Parameters
        ----------
        *names : str
            One for each kind of linear form; the field is the sum over the root of its length.
        **definitions : Expr
            Instead, definitions by name, such as ``lam=total(w[j]*x[j, mu], j)/sqrt(N)``.

        Raises
        ------
        MoveError
            If the disorder enters linearly already, or the number of names is wrong.

        Examples
        --------
        >>> import derive as dv
        >>> from sympy import Heaviside, Symbol, sqrt
        >>> N, P = dv.size("N"), dv.size("P"); j, mu = dv.Index("j", N), dv.Index("mu", P)
        >>> w, x = dv.Sphere("w", j), dv.Gaussian("x", j, mu)
        >>> stable = dv.product(Heaviside(dv.total(w[j]*x[j, mu], j)/sqrt(N)), mu)
        >>> d = dv.Ensemble(trace=w, disorder=x, exponent=0, weight=stable).derive()
        >>> d.local_fields("lam").weight
        IndexedProduct(Heaviside(lam[mu]), mu)
        """
        return self._on_ensemble(local_fields, *names, **definitions)

    def average(self, *names: Any, keep: bool = False) -> Derivation:
        """Average over quenched disorder (exact, or asymptotic by cumulants).

        Parameters
        ----------
        *names : Variable or str
            Which disorder; all if none is named.
        keep : bool
            Keep it as one more traced variable of probability measure: a condensed pattern, a
            teacher.

        Raises
        ------
        MoveError
            If the disorder enters non-linearly, or its cumulants do not fall with the size.
        UnboundedError
            If a moment of the disorder diverges.

        Examples
        --------
        >>> import derive as dv
        >>> N, n = dv.size("N"), dv.replicas("n"); i = dv.Index("i", N)
        >>> s, h = dv.Ising("s", i), dv.Gaussian("h", i)
        >>> field = dv.Ensemble(trace=s, disorder=h, exponent=dv.total(h[i]*s[i], i)).derive()
        >>> field.replicate("a", n).average(h).exponent
        Total(s[a, i]*s[b, i], a, b, i)/2
        """
        return self._on_ensemble(average, *names, keep=keep)

    def order_parameters(self, *names: str, **definitions: Any) -> Derivation:
        """Name the overlaps, with conjugates (exact).

        Parameters
        ----------
        *names : str
            Names for the sums over sites that couple replicas, as `overlaps` lists them.
        **definitions : Expr
            Instead, definitions by name, such as ``q=total(s[a, i]*s[b, i], i)/N``.

        Raises
        ------
        MoveError
            If no overlap is left to name, or the number of names is wrong (it lists the overlaps).

        Examples
        --------
        >>> import derive as dv
        >>> N, n = dv.size("N"), dv.replicas("n"); i, j = dv.indices("i j", N)
        >>> s, J = dv.Ising("s", i), dv.Gaussian("J", i, j, variance=1/N, symmetric=True)
        >>> glass = dv.Ensemble(trace=s, disorder=J, exponent=dv.total(J[i, j]*s[i]*s[j], i, j)/2)
        >>> d = glass.derive().replicate("a", n).average(J).order_parameters("q")
        >>> d["q"].label.diagonal
        1
        """
        return self._on_ensemble(order_parameters, *names, **definitions)

    def trace(self, *variables: Any) -> Derivation:
        """Sum or integrate out variables whose sites are decoupled (exact).

        Squares of sums over replicas at one site are linearised by Gaussian fields first, and those
        are averaged over once nothing else touches them; each is a step of its own.

        Parameters
        ----------
        *variables : Variable or str
            What to trace; several are traced jointly, site by site.  Everything with a site index
            if none is named.

        Raises
        ------
        CouplingError
            If a term couples different sites; it names the term and the move that decouples it.
        UnboundedError
            If a single-site integral diverges.

        Examples
        --------
        >>> from derive.models import curie_weiss
        >>> curie_weiss.ensemble().derive().hubbard_stratonovich("m").trace("s").exponent
        -J*N*beta*m**2/2 + N*log(2*cosh(beta*(J*m + h)))
        """
        if variables or not isinstance(self.state, Ensemble):
            return _traced(self, variables)
        chosen = next_to_trace(self.state)
        if not chosen:  # the move itself says that nothing is named
            return self._on_ensemble(trace)
        derivation: Any = self
        while chosen:
            derivation = _traced(derivation, chosen)
            chosen = next_to_trace(derivation.state)
        return derivation

    def continue_replicas(self, n: Any, to: Any = 0) -> Derivation:
        """Continue in the number of replicas: the average of log Z (continuation).

        Parameters
        ----------
        n : Symbol
            The number of replicas.
        to : 0, 1 or `n`
            n -> 0; n -> 1 for planted problems; or a finite n, log E[Z**n]/n.

        Raises
        ------
        MoveError
            If n still labels something: it says what, and which move comes first.

        Examples
        --------
        >>> import derive as dv
        >>> N, n = dv.size("N"), dv.replicas("n"); i, j = dv.indices("i j", N)
        >>> s, J = dv.Ising("s", i), dv.Gaussian("J", i, j, variance=1/N, symmetric=True)
        >>> glass = dv.Ensemble(trace=s, disorder=J, exponent=dv.total(J[i, j]*s[i]*s[j], i, j)/2)
        >>> d = glass.derive().replicate("a", n).average(J).order_parameters("q")
        >>> d = d.ansatz(dv.ReplicaSymmetric()).trace(s).continue_replicas(n).saddle_point(N)
        >>> d.unknowns
        (q, qhat)
        """
        return self._on_ensemble(continue_replicas, n, to)

    def shared_fields(self) -> Any:
        """What one replica is in each Gaussian field that all replicas of a site share.

        Returns
        -------
        list of SharedField
            With the `variance` of each field at the replica-symmetric point, and the `function` of
            it that is log Z of one replica: its derivatives are the denoisers and output functions
            of approximate message passing.

        Raises
        ------
        MoveError
            If the derivation has no replica-symmetric ansatz.

        Examples
        --------
        >>> import derive as dv
        >>> N, n = dv.size("N"), dv.replicas("n"); i, j = dv.indices("i j", N)
        >>> s, J = dv.Ising("s", i), dv.Gaussian("J", i, j, variance=1/N, symmetric=True)
        >>> glass = dv.Ensemble(trace=s, disorder=J, exponent=dv.total(J[i, j]*s[i]*s[j], i, j)/2)
        >>> d = glass.derive().replicate("a", n).average(J).order_parameters("q")
        >>> (field,) = d.ansatz(dv.ReplicaSymmetric()).shared_fields()
        >>> field.function, field.variance
        (log(2*cosh(z)), qhat)
        """
        from derive.saddle.shared_fields import shared_fields

        numbers = [s.details[0].size for s in self.steps if s.move == "replicate"]
        symmetric = [s for s in self.steps if s.move == "replica_ansatz"]
        if (
            not numbers
            or not symmetric
            or not isinstance(symmetric[-1].details[0], ReplicaSymmetric)
        ):
            raise MoveError(
                "replicas share fields at the replica-symmetric point: ansatz("
                "dv.ReplicaSymmetric()) comes first"
            )
        start: Any = type(self)(symmetric[-1].after)  # type: ignore[call-arg]
        return shared_fields(replicas_traced(start, numbers[-1]), numbers[-1])

    def replicon(self) -> Any:
        """Stability of the replica-symmetric point in the replicon modes.

        Returns
        -------
        Replicon
            With the `eigenvalue`, positive where the point is stable, its `matrix` of second
            variations, and `almeida_thouless(parameter)`, the equations of the line where it
            vanishes.

        Raises
        ------
        MoveError
            If there is no replica-symmetric ansatz that was continued.

        Examples
        --------
        >>> import derive as dv
        >>> N, n = dv.size("N"), dv.replicas("n"); i, j = dv.indices("i j", N)
        >>> s, J = dv.Ising("s", i), dv.Gaussian("J", i, j, variance=1/N, symmetric=True)
        >>> glass = dv.Ensemble(trace=s, disorder=J, exponent=dv.total(J[i, j]*s[i]*s[j], i, j)/2)
        >>> d = glass.derive().replicate("a", n).average(J).order_parameters("q")
        >>> d = d.ansatz(dv.ReplicaSymmetric()).trace(s).continue_replicas(n).saddle_point(N)
        >>> d.replicon().eigenvalue
        1 - GaussianAverage((1 - tanh(z)**2)**2, z, covariance=qhat)
        """
        from derive.saddle.replicon import replicon

        return replicon(self)


def replica_ansatz_of(derivation: Any, rule: Any) -> Any:
    """The ansatz on what grows with the size; dropping the rest is a step of its own."""
    if isinstance(derivation.state, Ensemble) and subleading_terms(derivation.state):
        derivation = derivation._on_ensemble(leading_order)
    return derivation._on_ensemble(replica_ansatz, rule)


def judged(derivation: Any) -> Any:
    """A replica-symmetric capacity with a note that says where the symmetry is stable."""
    if not isinstance(derivation.state, Capacity) or not any(
        step.move == "replica_ansatz" for step in derivation.steps
    ):
        return derivation
    try:
        eigenvalue = derivation.replicon().eigenvalue
    except DeriveError as reason:
        note = f"the stability of replica symmetry is not known here: {reason}"
    else:
        note = (
            f"replica symmetry is stable where {eigenvalue} > 0; elsewhere this is the "
            "replica-symmetric value of an unstable saddle point"
        )
    last = replace(derivation.steps[-1], after=derivation.state.noted(note))
    return replace(derivation, steps=(*derivation.steps[:-1], last))


def replicas_traced(derivation: Any, n: Any) -> Any:
    """Everything with a replica index traced, but not the Gaussian fields that replicas share."""
    while chosen := next_to_trace(derivation.state):
        over = {r for v in derivation.state.variables for r in v.label.ranges if r.size.has(n)}
        if not over:
            break
        derivation = _decoupled(derivation, chosen)._on_ensemble(trace, *chosen)
    return derivation


def _traced(derivation: Any, variables: tuple[Any, ...]) -> Any:
    """Trace after the replicas were decoupled, then the Gaussian fields that this sets free."""
    derivation = _decoupled(derivation, variables)._on_ensemble(trace, *variables)
    names = {
        name
        for step in derivation.steps
        if step.move == "replica_squares"
        for name in step.arguments.split(", ")
    }
    while fields := free_fields(derivation.state, names):
        derivation = derivation._on_ensemble(trace, *fields)
    return derivation


def _decoupled(derivation: Any, variables: tuple[Any, ...]) -> Any:
    ensemble = derivation.state
    if not isinstance(ensemble, Ensemble):
        return derivation
    labels = {ensemble[v].label for v in variables}
    return (
        derivation._on_ensemble(replica_squares)
        if couples_replicas(ensemble, labels)
        else derivation
    )

# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Sherrington-Kirkpatrick and Hopfield: two phase diagrams
#
# Two models with quenched disorder from which the replica method grew: a spin glass, whose couplings are random, and a memory, whose couplings store random
# patterns. Both go through the same moves. For each one its equations are derived, its phase diagram is drawn, and spins are simulated on top of it.
#
# D. Sherrington, S. Kirkpatrick, Phys. Rev. Lett. 35, 1792 (1975); J. de Almeida, D. Thouless, J. Phys. A 11, 983 (1978); D. Amit, H. Gutfreund,
# H. Sompolinsky, Phys. Rev. Lett. 55, 1530 (1985).

# %%
import matplotlib.pyplot as plt
import numpy as np
import sympy as sp
from IPython.display import Math

import derive as dv
import numerics as nm
from derive.typesetting.latex import latex_of

dv.init_printing()


def show(**formulas):
    """Typeset expressions under their names."""
    rows = [rf"{name} &= {latex_of(expr)}" for name, expr in formulas.items()]
    return Math(r"\begin{aligned}" + r" \\[1ex] ".join(rows) + r"\end{aligned}")


# %% [markdown]
# ## The spin glass
#
# All pairs of spins are coupled, with Gaussian couplings of variance $1/N$, in a field $h$.

# %%
N, n = dv.size("N"), dv.replicas("n")
i, j = dv.indices("i j", N)
beta, h = sp.Symbol("beta", positive=True), sp.Symbol("h", real=True)
s = dv.Ising("s", i)
J = dv.Gaussian("J", i, j, variance=1 / N, symmetric=True)

energy = -dv.total(J[i, j] * s[i] * s[j], i < j) - h * dv.total(s[i], i)
glass = dv.Ensemble(trace=s, disorder=J, beta=beta, hamiltonian=energy)
overlaps = glass.derive().replicate("a", n).average(J).order_parameters("q")

sk = overlaps.ansatz(dv.ReplicaSymmetric()).trace().continue_replicas(n).saddle_point(N)
sk

# %% [markdown]
# With the conjugate eliminated, one equation is left for the Edwards-Anderson order parameter $q$:

# %%
sk = sk.eliminate("qhat")
show(**{r"\phi": sk.state.density})

# %% [markdown]
# ## Where replica symmetry breaks
#
# The replicon eigenvalue is the second variation of the free entropy in the directions in which replicas become different. It is derived from the same
# ensemble:

# %%
replicon = sk.replicon()
replicon

# %% [markdown]
# Together with the saddle equation, its zero is the line of de Almeida and Thouless. It is solved for $q$ and $\beta$ at each field. Near $h = 0$ it starts
# as $(3/4)^{1/3} h^{2/3}$ below $T = 1$, which nobody has put in.

# %%
fields = np.linspace(0.02, 1.2, 25)
line = nm.solve(
    replicon.almeida_thouless("beta"), h=fields, starts={"q": [0.2, 0.5], "beta": [1.2, 2.5]}
)
line_T = 1 / line["beta"][:, 0]
print(f"h = {fields[0]}: 1 - T = {1 - line_T[0]:.4f}, {(3 / 4 * fields[0]**2)**(1 / 3):.4f} expected")

# %% [markdown]
# Spins are simulated at a field on the stable side, by parallel tempering with all temperatures at once, and averaged over samples of the couplings. The
# energy and the overlap of two real replicas should approach the replica-symmetric curves, with corrections of order $1/N$, as long as the temperature is
# above the line.

# %%
temperatures = np.array([0.8, 1.0, 1.25, 1.6, 2.0])
simulated = nm.disorder_average(
    glass, sizes=[32, 64, 128], samples=64, sweeps=400, beta=1 / temperatures, h=0.6, rng=1
)
curve_T = np.linspace(0.75, 2.2, 30)
branch = nm.solve(sk, beta=1 / curve_T, h=0.6)

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
left.plot(fields, line_T, "C3", label="de Almeida-Thouless")
left.plot(np.full(len(temperatures), 0.6), temperatures, "k.", label="simulated")
left.set(xlabel="$h$", ylabel="$T$", title="replica symmetry is stable above")
left.legend()
right.plot(curve_T, branch["q"][:, 0], label="replica symmetric")
limits = simulated.extrapolate("q")
right.errorbar(
    temperatures,
    [e.value for e in limits],
    [e.error for e in limits],
    fmt="ko",
    label=r"simulated, $N \to \infty$",
)
right.set(xlabel="$T$", ylabel="$q$", title="$h = 0.6$")
right.legend();

# %% [markdown]
# Below the line the assumption has to be given up. One step of replica-symmetry breaking is another ansatz for the same overlaps: replicas in blocks of $m$,
# with an overlap $q_1$ inside of a block and $q_0$ between blocks. At $m = 1$, and at $q_1 = q_0$, it is the symmetric one again.

# %%
broken = overlaps.ansatz(dv.OneStepRSB("m")).trace().continue_replicas(n).saddle_point(N)
broken = broken.eliminate("qhat0", "qhat1")
show(**{r"\phi": broken.state.density})

# %% [markdown]
# ## The memory
#
# The Hopfield network stores $\alpha N$ random patterns $\xi^\mu$, and one more, $\zeta$, with which its state may overlap. The other patterns are disorder; $\zeta$
# stays special, so it is kept and traced over together with the spins.

# %%
alpha = sp.Symbol("alpha", positive=True)
mu = dv.Index("mu", alpha * N)
xi, zeta = dv.Ising("xi", i, mu), dv.Ising("zeta", i)
condensed = dv.total(zeta[i] * s[i], i) ** 2
others = dv.total(dv.total(xi[i, mu] * s[i], i) ** 2, mu)
network = dv.Ensemble(
    trace=s, disorder=[zeta, xi], beta=beta, hamiltonian=-(condensed + others) / (2 * N)
)

kept = network.derive().replicate("a", n).average(zeta, keep=True)
named = kept.local_fields("k").average(xi).order_parameters("q", "m")
memory = named.ansatz(dv.ReplicaSymmetric()).trace().continue_replicas(n).saddle_point(N)
memory

# %% [markdown]
# These are the equations of Amit, Gutfreund and Sompolinsky, with $\hat q = \alpha \beta^2 r$: the overlap $m$ with the pattern acts against the noise of all others.

# %%
memory.saddle_equations

# %% [markdown]
# ## Zero temperature
#
# As $\beta \to \infty$, $q \to 1$ with $\beta (1 - q) = C$ finite. The equations become algebraic, and the retrieval state ends in a fold: the capacity.

# %%
cold = memory.limit(beta, sp.oo)
cold.saddle_equations

# %%
end = nm.spinodal(cold, "alpha", (0.05, 0.2), start={"m": 0.99, "C_q": 0.02})
print(f"alpha_c = {end.value:.12f}, m = {end.state['m']:.6f}")

# %% [markdown]
# ## The phase diagram
#
# At each temperature the retrieval state is followed in $\alpha$, from that of a magnet at $\alpha = 0$, until it folds: $T_M(\alpha)$. The glass appears where $m = 0$ and $q$ becomes non-zero: the
# noise equation linearised in $q$, with $q = \hat q$ from the spins.

# %%
names = {str(unknown): unknown for unknown in memory.unknowns}
noise = next(e.rhs for e in memory.saddle_equations if e.lhs == names["qhat"])
gain = sp.limit(sp.together(noise / names["q"]), names["q"], 0)
T = sp.Symbol("T", positive=True)
onset = [t for t in sp.solve(sp.Eq(gain.subs(beta, 1 / T), 1), T) if t.subs(alpha, 1) > 1]
show(T_g=onset[0])

# %%
m = sp.Symbol("m", real=True)
without_noise = dv.FreeEntropy(sp.log(2 * sp.cosh(beta * m)) - beta * m**2 / 2, m, beta=beta)
folds = [(end.value, 0.0)]
for t in (0.2, 0.4, 0.6, 0.8, 0.95):
    m0 = float(nm.solve(without_noise, beta=1 / t)["m"].max())
    first = 0.02 * (1 - t) ** 2
    start = {"m": m0, "mhat": m0 / t, "q": m0**2, "qhat": first / t**2}
    fold = nm.spinodal(memory, "alpha", (first, 0.2), beta=1 / t, start=start)
    print(f"T = {t}: retrieval ends at alpha = {fold.value:.6f}")
    folds.append((fold.value, t))
fold_alpha, fold_T = np.array(folds).T

# %% [markdown]
# The network itself: all patterns are drawn, the spins start in the first one, and the overlap after some hundred sweeps tells whether it was kept. No exchange
# of temperatures here, which would only help the network to escape.

# %%
simple = dv.Ensemble(trace=s, disorder=xi, beta=beta, hamiltonian=-others / (2 * N))
heated = np.array([0.2, 0.4, 0.6, 0.8])
kept_overlap = {}
for load in (0.02, 0.05, 0.1, 0.15):
    run = nm.disorder_average(
        simple,
        sizes=[400],
        samples=8,
        sweeps=100,
        start="overlap",
        exchange=False,
        patterns=lambda xi: {"overlap": xi[:, :, 0]},
        beta=1 / heated,
        alpha=load,
        rng=2,
    )
    kept_overlap[load] = run["overlap"].value[0]

# %%
grid = np.linspace(0, 0.2, 100)
fig, ax = plt.subplots()
ax.plot(fold_alpha, fold_T, ".-", label="$T_M$: retrieval ends")
ax.plot(grid, sp.lambdify(alpha, onset[0])(grid), label="$T_g$: glass begins")
loads, heights = np.meshgrid(list(kept_overlap), heated, indexing="ij")
dots = ax.scatter(loads, heights, c=np.array(list(kept_overlap.values())), vmin=0, vmax=1)
fig.colorbar(dots, label="overlap kept by $N = 400$ spins")
ax.set(xlabel=r"$\alpha$", ylabel="$T$", ylim=(0, 1.8))
ax.legend(loc="upper left");

# %% [markdown]
# Below $T_M$ the pattern is kept, above it is lost; close to the fold a network of this size may do either. Replica symmetry is stable in the retrieval state
# down to very low temperatures, so that breaking it would hardly change the diagram:

# %%
replicon = memory.replicon()
eigenvalue = nm.compile(replicon.eigenvalue)
for t in (0.4, 0.2, 0.1):
    start = {"m": 1, "mhat": 1 / t, "q": 0.99, "qhat": 0.05 / t**2}
    found = nm.solve(memory, beta=1 / t, alpha=0.05, starts=start)
    state = {name: found[name][0] for name in ("q", "qhat", "mhat")}
    value = eigenvalue(beta=1 / t, alpha=0.05, **state)
    print(f"T = {t}: m = {found['m'][0]:.4f}, replicon eigenvalue {value:.4f}")

# %%
replicon

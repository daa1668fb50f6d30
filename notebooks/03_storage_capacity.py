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
# # Storage capacity from the volume of solutions
#
# How many random patterns can a perceptron store? Elizabeth Gardner asked for the volume of all weights that store them, and read the capacity off the
# point where this volume shrinks to nothing. Here her calculation is done move by move from the definition of that volume; then it is compared with Cover's
# exact count, with perceptrons that store real random patterns, and with the equations as a talk printed them.
#
# E. Gardner, J. Phys. A 21, 257 (1988).

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
# ## The model
#
# Weights $w$ on the sphere $\sum_i w_i^2 = N$ store a pattern $x^\mu$ with margin $\kappa$ if $\sum_i w_i x_i^\mu/\sqrt N > \kappa$; the label of a random
# pattern is absorbed in it. There are $\alpha N$ patterns, $\alpha$ per weight. The partition function is the volume of the weights that store all of them: there
# is no energy, only a product of steps.

# %%
N, n = dv.size("N"), dv.replicas("n")
i = dv.Index("i", N)
alpha, kappa = sp.Symbol("alpha", positive=True), sp.Symbol("kappa", real=True)
mu = dv.Index("mu", alpha * N)
w, x = dv.Sphere("w", i), dv.Gaussian("x", i, mu)

field = dv.total(w[i] * x[i, mu], i) / sp.sqrt(N)
volume = dv.Ensemble(
    trace=w, disorder=x, exponent=0, weight=dv.product(sp.Heaviside(field - kappa), mu)
)
volume

# %% [markdown]
# ## The moves
#
# The typical volume is $\exp \overline{\ln Z}$. The replica method: $n$ copies share the patterns; the patterns stand inside of steps, so their local fields
# are named first, and then they can be averaged over; the average couples the copies through their overlaps $q_{ab}$; all overlaps are assumed to be alike
# (replica symmetry); sites and patterns factorise; $n$ goes to zero. None of these moves knows that this is a perceptron.

# %%
overlaps = volume.derive().replicate("a", n).local_fields("lam").average(x).order_parameters("q")
symmetric = overlaps.constrain(w).ansatz(dv.ReplicaSymmetric())
d = symmetric.trace().continue_replicas(n).saddle_point(N)
d

# %% [markdown]
# The conjugates are eliminated exactly. What is left is the free entropy of one number, the overlap $q$ of two random solutions. It is stationary there, and a
# *minimum*: a matrix over $n \to 0$ replicas has a negative number of independent elements.

# %%
d = d.eliminate("qhat", "what")
show(**{r"\phi": d.state.density})

# %%
d.saddle_equations

# %% [markdown]
# ## The overlap grows until one solution is left
#
# The solver needs no starting value. At small $\alpha$ solutions are everywhere and $q$ is small; with more patterns they become alike. The points are random
# solutions of real perceptrons with $n = 40$ inputs, found by hit-and-run sampling.

# %%
loads = np.linspace(0.05, 1.9, 38)
margins = [0.0, 0.5]
largest = {0.0: 1.9, 0.5: 0.93}
branches = {k: nm.solve(d, alpha=loads[loads < largest[k]], kappa=k) for k in margins}
branches[0.0]

# %%
sampled = {}
for load in (0.5, 1.0, 1.5):
    patterns = nm.storage.random_patterns(int(40 * load), 40, samples=12, rng=1)
    sampled[load] = nm.storage.version_space(*patterns, sweeps=200, rng=2).mean_q

fig, ax = plt.subplots()
for k, branch in branches.items():
    ax.plot(loads[loads < largest[k]], branch["q"][:, 0], label=rf"$\kappa = {k}$")
ax.errorbar(
    list(sampled),
    [q.value for q in sampled.values()],
    [q.error for q in sampled.values()],
    fmt="ko",
    label="solutions at $n = 40$",
)
ax.set(xlabel=r"$\alpha$", ylabel="$q$", ylim=(0, 1))
ax.legend();

# %% [markdown]
# Above capacity there is no solution with $q < 1$, and the solver says so instead of returning the number where it stopped:

# %%
above = nm.solve(d, alpha=[1.5, 2.5], kappa=0.0)
above

# %% [markdown]
# ## The capacity
#
# At capacity one solution is left, $q \to 1$, and the free entropy diverges. Its leading term is derived (the tail of the normal law is expanded inside of the
# average), and what multiplies it must vanish. The load solves this in closed form.

# %%
critical = d.limit("q", 1)
critical.state

# %%
alpha_c = critical.state.solve_for("alpha")
show(**{r"\alpha_c(\kappa)": alpha_c})

# %% [markdown]
# At $\kappa = 0$ this is 2. Cover counted in 1965 how many labellings of $p$ points in general position a hyperplane realises. His count is exact at every $n$,
# no replicas needed: the fraction of labellings that can be stored falls from one to zero around $p = 2n$, ever more sharply.

# %%
capacity = nm.compile(alpha_c)
print(f"alpha_c(0) = {capacity(kappa=0.0):.15f}, alpha_c(1) = {capacity(kappa=1.0):.15f}")
for inputs in (10, 100, 1000):
    below, at, beyond = nm.storage.cover([int(1.8 * inputs), 2 * inputs, int(2.2 * inputs)], inputs)
    print(f"n = {inputs:4d}: P(p = 1.8 n) = {below:.6f}, P(2 n) = {at}, P(2.2 n) = {beyond:.6f}")

# %% [markdown]
# With a margin there is no exact count, but the largest margin of a set of patterns is a convex problem. Patterns are added one by one until the margin falls
# below $\kappa$; the mean load is extrapolated in $1/n$ to infinitely many inputs.

# %%
sizes, tried = [10, 20, 40], [0.0, 0.25, 0.5, 1.0, 1.5]
extrapolated = []
for seed, k in enumerate(tried):
    found = [nm.storage.capacity(size, k, samples=60, rng=[seed, size]).alpha for size in sizes]
    extrapolated.append(nm.extrapolate(sizes, [e.value for e in found], [e.error for e in found]))

grid = np.linspace(-0.5, 2, 200)
fig, ax = plt.subplots()
curve = capacity(kappa=grid)
ax.plot(grid[grid >= 0], curve[grid >= 0], "C0", label="replica symmetric")
ax.plot(grid[grid <= 0], curve[grid <= 0], "C0--", label="replica symmetric, unstable")
ax.errorbar(
    tried,
    [e.value for e in extrapolated],
    [e.error for e in extrapolated],
    fmt="ko",
    label=r"largest margins, $n \to \infty$",
)
ax.set(xlabel=r"$\kappa$", ylabel=r"$\alpha_c$")
ax.legend();

# %% [markdown]
# ## Where replica symmetry holds
#
# Replica symmetry was an assumption. The second variation of the free entropy in the directions that break it, the replicon modes of de Almeida and Thouless,
# must be positive. The limit has already noted this on its result:

# %%
print("\n".join(critical.state.notes))

# %% [markdown]
# With $\alpha_c$ put in, this changes sign at $\kappa = 0$: for $\kappa < 0$ the solutions are not convex any more, and the replica-symmetric $\alpha_c$ is an upper
# bound and no prediction (dashed above). Below capacity the eigenvalue can be followed along the branch:

# %%
replicon = d.replicon()
replicon

# %%
eigenvalue = nm.compile(replicon.eigenvalue)

fig, ax = plt.subplots()
for k in (-1.0, -0.5, 0.0, 0.5):
    fraction = np.linspace(0.05, 0.9, 18)
    load = fraction * float(capacity(kappa=k))
    values = eigenvalue(q=nm.solve(d, alpha=load, kappa=k)["q"][:, 0], alpha=load, kappa=k)
    ax.plot(fraction, values, label=rf"$\kappa = {k}$")
ax.axhline(0, color="k", lw=0.5)
ax.set(xlabel=r"$\alpha/\alpha_c(\kappa)$", ylabel="replicon eigenvalue")
ax.legend();

# %% [markdown]
# ## The printed equations, refereed
#
# A talk prints the saddle-point equation as
#
# $$\frac{q}{1-q} = \frac{\alpha}{\pi} \int Dz\; e^{-\frac{(\kappa - z\sqrt q)^2}{1-q}}
# \,\mathrm{erfc}\Big(\frac{\kappa - z\sqrt q}{\sqrt{1-q}}\Big)^{-2} .$$
#
# The referee compares it with the derived equation, both solved for $\alpha$, and shows a point where they differ; near $q = 1$ the printed integral does not
# even converge.

# %%
q, z = sp.Symbol("q", real=True), sp.Symbol("z", real=True)
derived = d.saddle_equations[0]
u = kappa - z * sp.sqrt(q)
normal = sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi)


def printed(prefactor, width):
    """The equation as printed, or with a factor and a square root put right."""
    body = normal * sp.exp(-(u**2) / (1 - q)) / sp.erfc(u / sp.sqrt(width * (1 - q))) ** 2
    return sp.Eq(q / (1 - q), prefactor * alpha / sp.pi * sp.Integral(body, (z, -sp.oo, sp.oo)))


dv.referee(printed(1, 1).subs(kappa, 0), derived.subs(kappa, 0), domain={q: (0.05, 0.15)})

# %%
dv.referee(printed(1, 1).subs(kappa, 0), derived.subs(kappa, 0), domain={q: (0.35, 0.9)})

# %% [markdown]
# Two errors: a factor 2, and $\sqrt{2(1-q)}$ in the argument. With both put right it is the derived equation:

# %%
dv.referee(printed(2, 2), derived, domain={q: (0.01, 0.9)})

# %% [markdown]
# The printed capacity has lost the normalisation of the Gaussian measure, which the referee names as a factor:

# %%
critical_load = sp.Symbol("alpha_c", positive=True)
tail = sp.Integral(sp.exp(-(z**2) / 2) * (kappa - z) ** 2, (z, -sp.oo, kappa))
dv.referee(sp.Eq(1 / critical_load, tail), sp.Eq(critical_load, alpha_c))

# %% [markdown]
# ## Binary weights
#
# One word changes in the model, `Ising` for `Sphere`, and the same moves apply. The solutions are now counted, and their number cannot fall below one. But the
# replica-symmetric entropy turns negative long before $q \to 1$, so that capacity is where it vanishes (Krauth and Mezard, 1989): one more equation, with the
# load as one more unknown.

# %%
v = dv.Ising("v", i)
local = dv.total(v[i] * x[i, mu], i) / sp.sqrt(N)
counting = dv.Ensemble(
    trace=v, disorder=x, exponent=0, weight=dv.product(sp.Heaviside(local - kappa), mu)
)
copies = counting.derive().replicate("a", n).local_fields("lam").average(x).order_parameters("q")
ising = copies.ansatz(dv.ReplicaSymmetric()).trace().continue_replicas(n).saddle_point(N)
show(**{r"\phi": ising.state.density})

# %%
full = nm.solve(ising.zero_entropy("alpha"), kappa=0.0, starts={"q": 0.5, "qhat": 1.4, "alpha": 0.8})
print(f"alpha_c = {full['alpha'][0]:.12f} at q = {full['q'][0]:.6f}")

# %% [markdown]
# All $2^n$ weight vectors of a small perceptron can be tried. The corrections at such sizes are large, and the simulation says so itself.

# %%
print(nm.storage.capacity(15, 0.0, weights="ising", samples=200, rng=1))

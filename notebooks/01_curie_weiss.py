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
# # The Curie-Weiss magnet, from its Hamiltonian to the curve
#
# Every spin is coupled to every other. This is the smallest model with a phase transition, and the whole calculation is known: a good place to see
# what is derived here, what is checked, and how far each step can be trusted. The only physics typed in is the Hamiltonian.

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
# $N$ spins $s_i = \pm 1$ at temperature $T$ (with $k_\mathrm{B} = 1$) have the energy
#
# $$H = -\frac{J}{2N}\Big(\sum_i s_i\Big)^2 - h \sum_i s_i .$$
#
# The diagonal $i = j$ is kept; because $s_i^2 = 1$ it only shifts $H$ by the constant $-J/2$.

# %%
N = dv.size("N")
i = dv.Index("i", N)
s = dv.Ising("s", i)
J, T = sp.symbols("J T", positive=True)
h = sp.Symbol("h", real=True)

M = dv.total(s[i], i)
magnet = dv.Ensemble(trace=s, beta=1 / T, hamiltonian=-J / (2 * N) * M**2 - h * M)
magnet

# %% [markdown]
# ## The moves
#
# Three moves of a paper calculation. The square couples all spins; a Gaussian field $m$ linearises it (Hubbard and Stratonovich). Then the spins are
# independent and are summed over one by one. What is left is an integral over one variable with $N$ in the exponent: Laplace's method.
#
# Each step says of what kind it is. *Exact* steps are identities of $Z$ at every $N$, prefactors included. The last step is *asymptotic* in $N$.

# %%
d = magnet.derive().hubbard_stratonovich("m").trace(s).saddle_point(N)
d

# %% [markdown]
# ## The check
#
# Nobody has to believe the steps. Both sides of an exact step are expanded at small $N$ into explicit sums and integrals and compared with mpmath at
# random parameters. The asymptotic step is compared with the exact $Z$ at growing $N$: the error per spin of the saddle point must fall as $1/N$, with
# the Gaussian fluctuations as $1/N^2$, with the next order as $1/N^3$. The exponents below are measured, not assumed.

# %%
print(d.check(N=4))

# %% [markdown]
# ## Equation of state and thermodynamics
#
# With $K = J/T$ the saddle equation is $m = \tanh(Km + h/T)$.

# %%
d.saddle_equations

# %% [markdown]
# The Helmholtz free energy per spin, $\ln 2$ kept:

# %%
show(f=d.free_energy)

# %% [markdown]
# Its sign convention makes the magnetisation $-\mathrm{d}f/\mathrm{d}h$, and the envelope
# theorem says that this is $m$ itself: at the saddle, $f$ does not change with $m$. Energy, entropy and specific heat follow by differentiation with
# respect to $T$; from the second derivative on, the saddle moves too, which implicit differentiation takes into account.

# %%
show(**{r"-\frac{\mathrm{d} f}{\mathrm{d} h}": -d.derivative(d.free_energy, h)})

# %%
show(u=d.energy, s=d.entropy, c=d.specific_heat)

# %% [markdown]
# ## Response
#
# The susceptibility is $\chi = \mathrm{d}m/\mathrm{d}h$. Its denominator is the inverse response, $1 - \mathrm{d}(\text{right-hand side})/\mathrm{d}m$:
# positive where the state is stable, zero where it stops being so.

# %%
show(
    **{
        r"\chi": d.susceptibility(h),
        r"\frac{\mathrm{d} m}{\mathrm{d} T}": d.response("m", T),
        r"\text{inverse response}": d.inverse_response_determinant,
    }
)

# %% [markdown]
# ## The critical point
#
# Without a field $m = 0$ always solves the equation of state. It loses its stability where the inverse response vanishes.

# %%
d.critical_point(h=0)

# %% [markdown]
# ## Landau expansion
#
# Near $T_c$ the free entropy is a polynomial in $m$. The coefficient of $m^2$ changes sign at $T_c$, that of $m^4$ is positive there: the transition is
# continuous.

# %%
landau = d.landau(6, source=h)
print(landau.transition)
landau

# %% [markdown]
# The leading terms give the exponents as exact rationals, and the amplitudes. With $t = (T - T_c)/T_c$:
#
# $$m \simeq A_m\,(-t)^{\beta}, \qquad \chi \simeq A_\pm\,|t|^{-\gamma}, \qquad m(T_c) \simeq A_\delta\,h^{1/\delta}, \qquad c_{\text{sing}} \simeq A_c\,|t|^{-\alpha}.$$
#
# With $\alpha = 0$ the last one is a jump.

# %%
landau.exponents

# %%
amplitudes = landau.amplitudes
show(
    **{
        "A_m": amplitudes["order_parameter"],
        "A_+": amplitudes["susceptibility_disordered"],
        "A_-": amplitudes["susceptibility_ordered"],
        r"A_\delta": amplitudes["critical_isotherm"],
        "A_c": amplitudes["specific_heat"],
    }
)

# %% [markdown]
# Do the numbers agree? The equation of state is solved close to $T_c$ (points) and compared with the power laws (lines). The prefactors and the slopes
# come from the expansion; nothing is fitted.

# %%
exponent = {name: float(value) for name, value in landau.exponents.items()}
amplitude = {name: float(value.subs(J, 1)) for name, value in amplitudes.items()}
t = np.logspace(-6, -1, 11)

below = nm.solve(d, T=1 - t, J=1.0, h=0.0)
above = nm.solve(d, T=1 + t, J=1.0, h=0.0)
isotherm = nm.solve(d, T=1.0, J=1.0, h=t)

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
left.loglog(t, below.dominant("m"), "o")
left.loglog(t, amplitude["order_parameter"] * t ** exponent["beta"], "k-", lw=1)
left.set(xlabel="$-t$", ylabel="$m$ at $h = 0$")
for solution, side, name in ((above, "disordered", "$t > 0$"), (below, "ordered", "$t < 0$")):
    middle.loglog(t, solution.dominant("susceptibility"), "o", label=name)
    middle.loglog(t, amplitude[f"susceptibility_{side}"] * t ** -exponent["gamma"], "k-", lw=1)
middle.set(xlabel="$|t|$", ylabel=r"$J\chi$ at $h = 0$")
middle.legend(frameon=False)
right.loglog(t, isotherm.dominant("m"), "o")
right.loglog(t, amplitude["critical_isotherm"] * t ** (1 / exponent["delta"]), "k-", lw=1)
right.set(xlabel="$h/J$", ylabel="$m$ at $T_c$")
for ax in (left, right):
    ax.yaxis.set_minor_formatter(plt.NullFormatter())

# %% [markdown]
# ## Metastability
#
# Below $T_c$ the state against the field survives up to the spinodal, where equation of state and inverse response vanish together. Here both can be
# solved in closed form.

# %%
spinodal = d.spinodal(h)
spinodal

# %% [markdown]
# ## Functions with a certificate
#
# The equation of state, the free energy and the susceptibility become one vectorised NumPy function. Its certificate compares it with mpmath, at
# random points and at the worst ones that a search finds. The unit of error is $u(1 + K)$: $u = 2^{-53}$ is the rounding of one operation and $K$ (no
# relation to $J/T$) the condition number, that is what the rounding of the *arguments* alone would do.

# %%
f, chi = sp.symbols("f chi")
kernel = nm.compile(
    [d.saddle_equations[0], sp.Eq(f, d.free_energy), sp.Eq(chi, d.susceptibility(h))]
)
print(nm.certify(kernel, m=(-1, 1), T=(1e-3, 1e3), J=(1e-2, 1e2), h=(-10, 10)))

# %% [markdown]
# ## The curve
#
# All solutions at 400 temperatures and three fields: stable ones as full lines, unstable ones dashed. The points are exact sums over the $2^N$ states
# of a finite system, grouped by the value of $M$. Without a field symmetry makes $\langle M \rangle = 0$ in any finite system, so that there the root
# mean square is drawn.

# %%
temperatures = np.linspace(0.2, 1.8, 400)
few = np.linspace(0.25, 1.75, 16)
size = 1000

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
for field, colour in ((0.0, "C0"), (0.02, "C1"), (0.1, "C2")):
    solution = nm.solve(d, T=temperatures, J=1.0, h=field)
    finite = nm.exact(magnet, N=size, T=few, J=1.0, h=field)
    mean = finite.moment(1) if field else np.sqrt(finite.moment(2))
    solution.plot("T", "m", exact=(few, mean), ax=left, color=colour, label=f"$h = {field:g}$")
left.set(xlabel="$T/J$", ylabel="$m$", title=f"exact points: $N = {size}$")
handles, names = left.get_legend_handles_labels()
once = dict(zip(names, handles, strict=True))  # one entry for the points of all fields
left.legend(once.values(), once.keys(), frameon=False, fontsize="small")

cold = 0.6
fields = np.linspace(-0.4, 0.4, 401)
loop = nm.solve(d, T=cold, J=1.0, h=fields)
finite = nm.exact(magnet, N=size, T=cold, J=1.0, h=fields[::20])
loop.plot("h", "m", exact=(fields[::20], finite.moment(1)), ax=right, color="C0")
for end in spinodal.solutions:
    at = nm.compile([end[h], end[d.unknown("m")]])(T=cold, J=1.0)
    right.plot(*at, "s", color="C3", label="spinodal" if at[0] > 0 else None)
right.set(xlabel="$h/J$", ylabel="$m$", title=f"$T = {cold}\\,J$")
right.legend(frameon=False, fontsize="small");

# %% [markdown]
# The finite system follows the dominant state and jumps at $h = 0$. It does not stay in the metastable one: that is a matter of dynamics, and an
# equilibrium sum knows nothing of it.

# %% [markdown]
# ## At $T_c$: the finite-size scaling that follows from the same free entropy
#
# Exactly at $T_c$ the coefficient of $m^2$ is zero and $P(m) \propto e^{-N a_4 m^4}$, so that $m \sim N^{-1/4}$ and its moments are ratios of Gamma
# functions.

# %%
scaling = landau.finite_size_scaling()
show(
    **{
        r"\sqrt{N}\, \langle m^2 \rangle": scaling["second_moment"],
        r"U_4 = 1 - \frac{\langle m^4 \rangle}{3 \langle m^2 \rangle^2}": scaling["binder"],
    }
)

# %% [markdown]
# The exact sums, up to $N = 10^5$, approach these constants. At $m \sim N^{-1/4}$ the next term of the expansion, $N m^6$, is smaller than the one kept
# by $N^{-1/2}$, and so must be the deviations: the last two columns become constant.

# %%
limit = {name: float(value) for name, value in scaling.items()}
sizes = [10**2, 10**3, 10**4, 10**5]
at_critical = [nm.exact(magnet, N=n, T=1.0, J=1.0, h=0.0, distribution=True) for n in sizes]

print(f"{'N':>7} {'N^(1/2) <m^2>':>15} {'U_4':>10} {'deviations x N^(1/2)':>24}")
for n, finite in zip(sizes, at_critical, strict=True):
    second, binder = np.sqrt(n) * finite.moment(2), finite.binder
    off = np.sqrt(n) * (second - limit["second_moment"]), np.sqrt(n) * (binder - limit["binder"])
    print(f"{n:7d} {second:15.8f} {binder:10.8f} {off[0]:13.5f} {off[1]:10.5f}")
print(f"{'limit':>7} {limit['second_moment']:15.8f} {limit['binder']:10.8f}")

# %% [markdown]
# The whole distribution collapses onto one curve (left). Off $T_c$ the quadratic term comes back as $a_2 \simeq \tfrac{1}{2} t$, and all sizes share one
# function of $t\sqrt{N}$ (right). Both curves are the Landau polynomial, normalised; again nothing is fitted.

# %%
x, tau = sp.symbols("x tau", real=True)
quadratic, quartic = landau.scaling.stiffness, landau.scaling.leading
weight = nm.compile(sp.exp(-quadratic * tau * x**2 - quartic * x**4))

grid = np.linspace(-8, 8, 2001)
taus = np.linspace(-8, 8, 161)
density = weight(tau=taus[:, None], x=grid)
second, fourth = ((density * grid**p).sum(axis=1) / density.sum(axis=1) for p in (2, 4))

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
for n, finite in zip(sizes, at_critical, strict=True):
    scaled = finite.support / n ** (3 / 4)  # N**(1/4) M/N
    step = max(1, n // 4000)
    shown = finite.probability / (scaled[1] - scaled[0])
    left.plot(scaled[::step], shown[::step], ".", markersize=3, label=f"$N = 10^{len(str(n)) - 1}$")
critical_weight = weight(tau=0.0, x=grid)
norm = critical_weight.sum() * (grid[1] - grid[0])
left.plot(grid, critical_weight / norm, "k-", lw=1, label=r"$\propto e^{-a_4 x^4}$")
left.set(xlabel=r"$x = N^{1/4}\, m$", ylabel="$P(x)$ at $T_c$", xlim=(-4.5, 4.5))
left.legend(frameon=False, fontsize="small")

for n in sizes[1:]:
    few = np.linspace(-8, 8, 17)
    finite = nm.exact(magnet, N=n, T=1 + few / np.sqrt(n), J=1.0, h=0.0)
    right.plot(few, finite.binder, "o", markersize=4, markerfacecolor="none", label=f"$N = 10^{len(str(n)) - 1}$")
right.plot(taus, 1 - fourth / (3 * second**2), "k-", lw=1, label="Landau polynomial")
right.set(xlabel=r"$t \sqrt{N}$", ylabel="$U_4$")
right.legend(frameon=False, fontsize="small");

# %% [markdown]
# The field $m$ of the integral and the magnetisation $M/N$ of the spins have the same mean, but not the same distribution: $m$ is $M/N$ plus a Gaussian
# of variance $T/(JN)$. At $T_c$ that is smaller than $\langle (M/N)^2 \rangle \sim N^{-1/2}$ by another $N^{-1/2}$: it belongs to the corrections, and the
# scaling functions agree.
#
# ## Beyond the saddle point
#
# Away from $T_c$ the integral can be expanded around its saddle to any order in $1/N$: the Gaussian fluctuations, then the terms that a diagrammatic
# expansion gives.

# %%
show(
    **{
        r"\ln Z - N \phi": d.fluctuation,
        r"\text{next order} \times N": d.next_order,
    }
)

# %% [markdown]
# Against the exact $\ln Z$, each order gains one more power of $N$. On the left in a field, above $T_c$; on the right below $T_c$ and without a field,
# where the two saddles $\pm m$ contribute equally and $\ln 2$ is added. The bottom is the rounding of the sums themselves.

# %%
orders = {
    "saddle point": N * d.density,
    "and fluctuations": d.log_partition(0),
    "and $1/N$": d.log_partition(1),
    "and $1/N^2$": d.log_partition(2),
}
sizes = np.array([2**k for k in range(3, 15)])

figure, panels = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained", sharey=True)
cases = (({"T": 1.5, "J": 1.0, "h": 0.2}, 1), ({"T": 0.6, "J": 1.0, "h": 0.0}, 2))
for ax, (point, saddles) in zip(panels, cases, strict=True):
    m = nm.solve(d, **point).dominant("m")
    log_z = np.array([nm.exact(magnet, N=int(n), **point).log_z for n in sizes])
    for name, expr in orders.items():
        value = nm.compile(expr)(m=m, N=sizes, **point) + np.log(saddles)
        ax.loglog(sizes, np.abs(value - log_z) / sizes, "o-", markersize=4, label=name)
    ax.set(xlabel="$N$", title=f"$T = {point['T']}\\,J$, $h = {point['h']:g}\\,J$", ylim=(1e-17, 1))
panels[0].set_ylabel(r"error of $\ln Z / N$")
panels[0].legend(frameon=False, fontsize="small");

# %% [markdown]
# ## To take away
#
# `d.to_tex("curie_weiss.tex")` writes the derivation as a LaTeX document. With another measure or another function of $M$ in the Hamiltonian the same
# verbs apply: `docs/derive-your-own-model.md` derives spins of three values and two coupled populations, and shows what to do when a move refuses.

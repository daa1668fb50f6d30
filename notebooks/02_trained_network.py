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
# # Is a trained network critical?
#
# Networks of the brain, and perhaps trained ones, are said to work near a critical point. For a network of binary units the question is precise: its weights
# are the couplings of a magnet, and a magnet has a critical temperature. Here the equations for *any* weights are derived from the Hamiltonian, in two
# orders of mean-field theory, and then asked about a classifier of handwritten digits while it learns. Monte Carlo of the same magnet says how far each
# order can be believed.
#
# The equations follow a talk on arXiv:1702.08039 (P. Witaszczyk), with its slips corrected by the derivation.

# %%
import matplotlib.pyplot as plt
import numpy as np
import sympy as sp
from IPython.display import Math
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import derive as dv
import numerics as nm
from derive.models import two_layer_network, weighted_network
from derive.typesetting.latex import latex_of

dv.init_printing()


def show(**formulas):
    """Typeset expressions under their names."""
    rows = [rf"{name} &= {latex_of(expr)}" for name, expr in formulas.items()]
    return Math(r"\begin{aligned}" + r" \\[1ex] ".join(rows) + r"\end{aligned}")


# %% [markdown]
# ## From binary units to spins
#
# A logistic unit $b_j$ that is on with probability $\sigma(\beta(\frac{1}{2N}\sum_i w_{ij} a_i + h))$ is the heat-bath dynamics of the energy
# $-\frac{1}{2N}\sum_{ij} w_{ij} a_i b_j - h\sum_j b_j$ with $a, b \in \{0, 1\}$. As spins $\pm 1$ the same units have a quarter of the coupling, and fields
# that nobody put there: the row and column sums of the weights. This is an identity of the partition function, constants included.

# %%
spins = two_layer_network.spin_form()
spins

# %%
print(spins.check(N=3))

# %% [markdown]
# Two layers are one network whose coupling matrix has two blocks; also this is exact.

# %%
two_layer_network.block_form()

# %% [markdown]
# The talk goes on to one layer with the couplings $W$ itself. That is no identity. It is the ansatz that both layers are alike, which keeps the equations of
# state for symmetric $W$, at half of $\beta$:

# %%
alike = two_layer_network.fully_connected()
print(alike.steps[-1])
alike.saddle_equations

# %% [markdown]
# What it neglects can be counted on small networks. For symmetric $W$ the two sides of $\ln Z(\text{two layers}, \beta) \simeq 2 \ln Z(\text{one}, \beta/2)$
# differ by an amount that tends to a constant, from fluctuations and from the number of saddles; an antisymmetric part makes the difference grow with $N$.

# %%
print(f"{'N':>3} {'difference of ln Z, symmetric W':>32} {'W with an antisymmetric part':>30}")
for size in (2, 4, 6, 8):
    twist = 2 * np.triu(np.ones((size, size)), 1)
    row = []
    for W in (np.ones((size, size)), np.ones((size, size)) + twist - twist.T):
        layers = nm.enumerate_states(two_layer_network.spin_ensemble(), beta=3.0, W=W)
        one = nm.enumerate_states(weighted_network.ensemble(symmetric=False), beta=1.5, h=0.0, w=W)
        row.append(float(layers.log_z - 2 * one.log_z))
    print(f"{size:3d} {row[0]:32.4f} {row[1]:30.4f}")

# %% [markdown]
# ## Naive mean field: one field for every unit
#
# So the model is a magnet with an arbitrary symmetric matrix. A delta function names each spin $V_i$, its Fourier variable is $U_i$; then the spins are
# free, and are summed.

# %%
network = weighted_network.derivation()
network

# %% [markdown]
# The last step deserves its name. Laplace's method needs a large number in front of few variables; here are as many fields as sites. The step is an
# *approximation*, and the check does not call it anything else:

# %%
print(network.check(N=3))

# %% [markdown]
# What it gives: equations of state, the blocks of the Hessian, the free energy on shell.

# %%
network.saddle_equations

# %%
show(
    **{
        rf"\partial_{{{a}_i}} \partial_{{{b}_j}} \phi": network.hessian_block(a, b)
        for a, b in ("VV", "VU", "UU")
    },
    f=network.on_shell("U").free_energy,
)

# %% [markdown]
# The same comes out of the vector Hubbard-Stratonovich transformation, whose field is the magnetisation itself:

# %%
gauss = weighted_network.by_hubbard_stratonovich()
renamed = gauss.density.xreplace({gauss.unknowns[0].label: network.unknowns[0].label})
assert renamed == network.on_shell("U").density
gauss.saddle_equations

# %% [markdown]
# ## Response, and the critical point
#
# How the magnetisations follow the field is a linear equation; where its operator is singular, the response diverges. Without a field $V = 0$ solves the
# equations of state, and loses its stability at $T_c = \lambda_{\max}(w)/N$.

# %%
naive = network.eliminate("U")
naive.response_equation("V", "h")

# %%
naive.critical_point(h=0)

# %% [markdown]
# ## The next order: TAP
#
# Naive mean field is the first order of an expansion in the couplings at fixed magnetisations (Plefka). The second order adds the reaction of each unit's
# neighbours to itself, and gives the equations of Thouless, Anderson and Palmer. Here with couplings $J_{ij}$ as they are, without a diagonal, a field
# $b_i$ on each unit, and a common field $h$.

# %%
N = dv.size("N")
i, j = dv.indices("i j", N)
s = dv.Ising("s", i)
T = sp.Symbol("T", positive=True)
h = sp.Symbol("h", real=True)
J = dv.Given("J", i, j, symmetric=True, zero_diagonal=True)
b = dv.Given("b", i)

couplings = dv.total(J[i, j] * s[i] * s[j], i, j) / 2
fields = dv.total((b[i] + h) * s[i], i)
magnet = dv.Ensemble(trace=s, beta=1 / T, hamiltonian=-couplings - fields)

first = magnet.derive().plefka("V", conjugate="U", order=1).eliminate("U")
second = magnet.derive().plefka("V", conjugate="U", order=2).eliminate("U")
second

# %%
show(V_i=second.saddle_equations[0].rhs)

# %% [markdown]
# The orders are checked by what they claim: with couplings scaled by $\epsilon$, the error of $\ln Z$ must fall as $\epsilon^2$ and $\epsilon^3$.

# %%
for order in (1, 2):
    print(magnet.derive().plefka("V", conjugate="U", order=order).check(N=4))

# %% [markdown]
# A warning before numbers. On random couplings of variance $1/N$ (Sherrington and Kirkpatrick) the transition is at $T = 1$. Naive mean field puts it at 2,
# and TAP at 1, where its inverse response only touches zero: the paramagnet is stable on both sides of it.

# %%
rng = np.random.default_rng(2017)
size = 500
random = rng.normal(size=(size, size)) / np.sqrt(size)
random = np.triu(random, 1) + np.triu(random, 1).T
for name, theory in (("naive", first), ("TAP", second)):
    print(f"{name:6}", nm.critical(theory, "T", J=random, b=np.zeros(size), h=0.0, resolution=size ** (-2 / 3)))

# %% [markdown]
# ## A classifier learns
#
# 64 pixels, 24 logistic hidden units, 10 classes, trained on the digits that come with scikit-learn. With $J = W/4$ between neighbouring layers the units of
# this network have their own temperature, $T = 1$: there the conditional probability of a unit is the logistic function that was trained. (The classifier
# is read from pixels to classes; in the magnet every coupling acts both ways, and its ten output units, a softmax in training, are ten units like the
# others.) The question becomes: where is $T_c$ in relation to 1?
#
# What is asked here is about the couplings alone; biases and row sums act as fields, and a magnet in a field has no critical point. They come back at the end.

# %%
images, labels = load_digits(return_X_y=True)
train_x, test_x, train_y, test_y = train_test_split(
    images / 16, labels, test_size=0.25, random_state=0, stratify=labels
)


def spin_network(layers, biases):
    """Couplings and fields of the spins that stand for binary units in layers."""
    ends = np.cumsum([layers[0].shape[0], *(w.shape[1] for w in layers)])
    starts = np.concatenate([[0], ends[:-1]])
    J = np.zeros((ends[-1], ends[-1]))
    for k, w in enumerate(layers):
        J[starts[k] : ends[k], starts[k + 1] : ends[k + 1]] = w / 4
    J = J + J.T
    fields = np.concatenate([np.zeros(ends[0]), *biases]) / 2 + J.sum(axis=1)
    return J, fields


def critical_point(theory, J):
    return nm.critical(theory, "T", J=J, b=np.zeros(len(J)), h=0.0)


classifier = MLPClassifier((24,), activation="logistic", random_state=0)
marks = [1, 5, 10, 15, 20, 25, 30, 35, 40, 50, 60, 80, 120, 200]
history = []
for epoch in range(1, marks[-1] + 1):
    classifier.partial_fit(train_x, train_y, classes=range(10))
    if epoch in marks:
        J_now, _ = spin_network(classifier.coefs_, classifier.intercepts_)
        found = [critical_point(theory, J_now) for theory in (first, second)]
        history.append((epoch, classifier.score(test_x, test_y), found))

print(f"{'epoch':>5} {'accuracy':>9} {'naive T_c':>10}   TAP")
for epoch, accuracy, (one, two) in history:
    print(f"{epoch:5d} {accuracy:9.3f} {one.value:10.4f}   {two.sentence}")

# %% [markdown]
# The random weights of the beginning leave the units deep in their paramagnet. Learning multiplies $T_c$ by eight; on the way it passes through $T_c = 1$,
# when about three digits in four are recognised, and does not stop there. (TAP finds no transition for the first epochs: like the random couplings
# above, those weights come close to zero and turn back. A transition needs a mode that stands out, and that is what learning makes.)

# %%
epochs, accuracies, points = zip(*history, strict=True)
figure, left = plt.subplots(figsize=(6.5, 4), layout="constrained")
for k, name in enumerate(("naive mean field", "TAP")):
    crossing = [(e, found[k].value) for e, found in zip(epochs, points, strict=True) if found[k].status.name == "CROSSES"]
    left.semilogx(*zip(*crossing, strict=True), "o-", label=f"$T_c$, {name}")
left.axhline(1, color="k", lw=0.8)
left.set(xlabel="epoch", ylabel="$T_c$ / own temperature")
right = left.twinx()
right.semilogx(epochs, accuracies, "C7--", label="accuracy")
right.set(ylabel="accuracy on unseen digits", ylim=(0, 1))
left.legend(frameon=False, loc="upper left");

# %% [markdown]
# ## How far can either be believed?
#
# The magnet of the trained weights, simulated. The critical mode has units of both signs; turning the spins over where it is negative (a gauge
# transformation, $J_{ij} \to \epsilon_i J_{ij} \epsilon_j$) makes $m$ the overlap with it. By symmetry $\langle m \rangle = 0$ in a finite system, so that
# $|m|$ is measured, and the susceptibility from its fluctuations. Heat bath, 16 chains; the error bars know the autocorrelation.

# %%
J_trained, fields_trained = spin_network(classifier.coefs_, classifier.intercepts_)
n = len(J_trained)
naive_point = critical_point(first, J_trained)
tap_point = critical_point(second, J_trained)
turn = np.where(naive_point.mode["V"] < 0, -1.0, 1.0)
J_gauged = turn[:, None] * J_trained * turn
quiet = {"J": J_gauged, "b": np.zeros(n), "h": 0.0}

temperatures = np.linspace(0.8, 4.0, 65)
few = np.linspace(0.8, 4.0, 17)
run = nm.simulate(magnet, sweeps=4000, chains=16, rng=1, start="ordered", sites=False, T=few, **quiet)
print(run)

# %%
curves = {
    name: nm.solve(theory, T=temperatures, starts={"V": 0.9}, **quiet)
    for name, theory in (("naive mean field", first), ("TAP", second))
}

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
for (name, curve), point in zip(curves.items(), (naive_point, tap_point), strict=True):
    (line,) = left.plot(temperatures, curve.dominant("magnetisation"), label=name)
    chi = curve.susceptibility("h").filled(np.nan)[:, 0]
    right.semilogy(temperatures, chi, label=name)
    right.axvline(point.value, color=line.get_color(), lw=0.8, ls=":")
left.errorbar(few, run["abs_m"].value, run["abs_m"].error, fmt="ko", ms=4, label="Monte Carlo, $|m|$")
for name, marker, what in (("chi_abs", "ko", r"$|m|$"), ("chi", "kD", "$m$")):
    kept = few <= 2.4 if name == "chi_abs" else few >= 2.0
    right.errorbar(few[kept], run[name].value[kept], run[name].error[kept], fmt=marker, ms=4, mfc="none", label=f"Monte Carlo, from {what}")
left.set(xlabel="$T$", ylabel="$m$ along the critical mode")
right.set(xlabel="$T$", ylabel=r"$\chi$", ylim=(1e-2, 1e2))
left.legend(frameon=False)
right.legend(frameon=False, fontsize="small");

# %% [markdown]
# (Fluctuations of $|m|$ are those of one of the two ordered states, fluctuations of $m$ those of the paramagnet; each is shown on its side.)
#
# The gaps, in numbers. The simulation has no sharp transition at 98 units; where its susceptibility is largest is the closest thing to a $T_c$.

# %%
peak = few[np.argmax(run["chi_abs"].value)]
print(f"T_c: naive {naive_point.value:.3f}, TAP {tap_point.value:.3f}; largest susceptibility of the simulation at T = {peak:.1f}")
print(f"{'T':>5} {'naive':>8} {'TAP':>8}   Monte Carlo")
for k in range(0, len(few), 2):
    at = np.argmin(abs(temperatures - few[k]))
    naive_m, tap_m = (float(curve.dominant("magnetisation")[at]) for curve in curves.values())
    print(f"{few[k]:5.2f} {naive_m:8.4f} {tap_m:8.4f}   {run['abs_m'].value[k]:.4f} +- {run['abs_m'].error[k]:.4f}")

# %% [markdown]
# ## With its own fields
#
# The trained network also has biases, and the fields that the map from $\{0, 1\}$ to $\pm 1$ made. They break the symmetry, and with them there is no
# transition left to be near: at $T = 1$ every unit has a mean of its own. How well does each order know these means?

# %%
own = {"J": J_trained, "b": fields_trained, "h": 0.0, "T": 1.0}
measured = nm.simulate(magnet, sweeps=20000, chains=16, rng=2, **own)
figure, panels = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained", sharey=True)
for ax, (name, theory) in zip(panels, (("naive mean field", first), ("TAP", second)), strict=True):
    solution = nm.solve(theory, starts={"V": measured.means.value}, **own)
    V = solution["V"][0].filled(np.nan)
    gap = np.sqrt(np.mean((V - measured.means.value) ** 2))
    print(f"{name:17} {solution.sentence()}; root mean square gap {gap:.4f} (Monte Carlo error {measured.means.error.max():.4f})")
    ax.errorbar(V, measured.means.value, measured.means.error, fmt="o", ms=3)
    ax.plot([-1, 1], [-1, 1], "k-", lw=0.8)
    ax.set(xlabel=rf"$V_i$, {name}")
panels[0].set(ylabel=r"$\langle s_i \rangle$, Monte Carlo");

# %% [markdown]
# ## Answer
#
# Not critical. While it learns, this network crosses from the paramagnet to the ordered side of its own couplings, and the better it gets, the deeper it is
# there: at the end $T_c$ is between two and three times its own temperature, whichever theory is asked. With its biases and row sums no transition is left at
# all; what remains is a state that TAP describes to a hundredth and naive mean field to a tenth.
#
# The gaps, stated: naive mean field puts $T_c$ a fifth higher than TAP, and the susceptibility of the 98 units themselves is largest at a temperature lower
# still. Each order neglects the next power of the couplings, and near $T_c$ these are not small. A larger weight decay lowers $T_c$; try `alpha=1` in
# the classifier.

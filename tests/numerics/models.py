"""Problems built by hand from plain SymPy, for the tests of the numeric half."""

from sympy import cosh, exp, log, oo, symbols, tanh

from derive.equations import Equations, FiniteSum, Index, Label, Total

N = symbols("N", integer=True, positive=True)
m, h, u, M, D = symbols("m h u M D", real=True)
beta, J, K = symbols("beta J K", positive=True)

field = beta * (J * m + h)
CURIE_WEISS = Equations(
    (m,),
    (beta, J, h),
    (),
    update=(tanh(field),),
    residuals=(m - tanh(field),),
    potential=-beta * J * m**2 / 2 + log(2 * cosh(field)),
    signs=(1,),
    observables=(
        ("free_energy", J * m**2 / 2 - log(2 * cosh(field)) / beta),
        ("susceptibility", beta * (1 - m**2) / (1 - beta * J * (1 - m**2))),
    ),
    bounds=((-1, 1),),
)

# The same magnet with its conjugate field, which lies on the imaginary axis.
CONJUGATE = Equations(
    (m, u),
    (beta, J, h),
    (),
    update=(tanh(u), field),
    potential=beta * J * m**2 / 2 + beta * h * m - u * m + log(2 * cosh(u)),
    signs=(1, -1),
    bounds=((-1, 1), (-oo, oo)),
)

CURIE_WEISS_SUM = FiniteSum(
    ((-1,), (1,)), (0, 0), (M,), beta * (J * M**2 / (2 * N) + h * M), N, (beta, J, h)
)

# Potts with q = 3 in the convention exponent = K/(2N) sum_a N_a^2.
x = symbols("x1:4", real=True)
weight = sum(exp(K * xa) for xa in x)
POTTS = Equations(
    x,
    (K,),
    (),
    update=tuple(exp(K * xa) / weight for xa in x),
    potential=-K / 2 * sum(xa**2 for xa in x) + log(weight),
    bounds=((0, 1),) * 3,
)

# N binary units with couplings w_ij / N, each with its mean V_i and conjugate field U_i.
i, j = Index("i", N), Index("j", N)
V, U = (Label(name, (i.range,)) for name in "VU")
w = Label("w", (i.range, i.range), symmetric=True)
inner = beta * (Total(w[i, j] * V[j], j) / N + h)
NETWORK = Equations(
    (V[i], U[i]),
    (beta, h, w[i, j]),
    (),
    update=(tanh(U[i]), inner),
    potential=(
        beta / (2 * N) * Total(w[i, j] * V[i] * V[j], i, j)
        + beta * h * Total(V[i], i)
        + Total(log(2 * cosh(U[i])) - U[i] * V[i], i)
    )
    / N,
    signs=(1, -1),
    observables=(("m", Total(V[i], i) / N),),
    bounds=((-1, 1), (-oo, oo)),
)

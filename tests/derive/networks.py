"""Networks with given couplings that several tests share, and their numbers at four sites."""

from functools import cache

import mpmath
from sympy import Integer, Rational, Symbol, lambdify

import derive as dv
from derive.indices import Element
from derive.matching import replace_elements
from derive.saddle.index_notation import written_out

N = dv.size("N")
i, j, k, l = dv.indices("i j k l", N)
beta = Symbol("beta", positive=True)
h = Symbol("h", real=True)
T = 1 / beta
w = dv.Given("w", i, j, symmetric=True)
W = dv.Given("W", i, j)
s = dv.Ising("s", i)
V, U = dv.Real("V", i).label, dv.Real("U", i).label
dV = dv.Real("dV", i).label

SITES = (1, 2, 3, 4)
COUPLINGS = (
    ("0", "1", "2", "0.5"),
    ("1", "0", "1.5", "1"),
    ("2", "1.5", "0", "1"),
    ("0.5", "1", "1", "0.5"),
)

# each to 25 digits: magnetisations at the saddle and what follows from them
SADDLES = {
    ("0.5", "0.05"): {
        "V": (
            "0.9440959584877342829232231003",
            "0.9423479718101268846939884517",
            "0.9760015857457757102485777433",
            "0.9091290506953638132370606062",
        ),
        "U": (
            "1.774457834324680105904837121",
            "1.758613693900880830766575161",
            "2.205421462693011353062244742",
            "1.522481031073725821511354024",
        ),
        "F": "-0.5163960970585334321621524844",
        "m": "0.9428936416847501727757124754",
        "dV": (
            "0.2570383045298410702818224057",
            "0.2719535901816250637204846248",
            "0.1264356013745753492979502484",
            "0.4104767439318968549429714568",
        ),
        "chi": "0.2664760600044845845608071839",
        "det": "0.9365733368081562138698049835",
        "one_loop": "0.03276372535261505722332603679",
    },
    ("1.5", "0.2"): {
        "V": (
            "0.3135362861904921546581906343",
            "0.3094196351758533651305713883",
            "0.3475301611234145178070207761",
            "0.2845892889683540433985407402",
        ),
        "U": (
            "0.3244624336511432370739805518",
            "0.3199034694739946624612104231",
            "0.3626318856855197334017965152",
            "0.2926687639797818303276596419",
        ),
        "F": "-1.072459502670499975224161018",
        "m": "0.3137688428645285202485808847",
        "dV": (
            "1.325116338225243386421016066",
            "1.314449397259230733787988145",
            "1.443801886568889229816446872",
            "1.230898962931177857063849135",
        ),
        "chi": "1.328566646246135301772325055",
        "det": "0.6837464019365537067794183565",
        "one_loop": "0.1900840937549023185564547200",
    },
}


def ensemble(couplings=w, spin=s):
    """Spins with couplings of every pair over 2N, in a field."""
    pairs = dv.total(couplings[i, j] * spin[i] * spin[j], i, j)
    energy = -pairs / (2 * N) - h * dv.total(spin[i], i)
    return dv.Ensemble(trace=spin, beta=beta, hamiltonian=energy)


@cache
def constrained(couplings=w, spin=s):
    """The magnetisation V of each site with its conjugate U."""
    derivation = ensemble(couplings, spin).derive().constrain("V", spin[i], "U")
    return derivation.trace(spin).saddle_point(N).state


@cache
def linearised():
    """The field x that linearises the quadratic form."""
    return ensemble().derive().hubbard_stratonovich("x").trace("s").saddle_point(N).state


@cache
def bipartite(couplings=W):
    """Two layers a and b with couplings over 2N between them, and their conjugates."""
    a, b = dv.Ising("a", i), dv.Ising("b", i)
    energy = -dv.total(couplings[i, j] * a[i] * b[j], i, j) / (2 * N)
    layers = dv.Ensemble(trace=(a, b), beta=beta, hamiltonian=energy).derive()
    fields = layers.constrain("A", a[i], "Ah").constrain("B", b[i], "Bh")
    return fields.trace("a", "b").saddle_point(N).state


def in_terms_of_v(expr, free_entropy):
    """The same with the unknown of a free entropy of one vector called V."""
    (unknown,) = free_entropy.unknowns
    return replace_elements(expr, unknown.label, lambda slot: V[slot])


def number(expr, arrays, values):
    """An expression written out for the four sites, at given arrays and symbols."""
    return mpmath.mpmathify(in_numbers(expr, arrays, values).evalf(mpmath.mp.dps))


def in_numbers(expr, arrays, values):
    """The same as an expression, where components of arrays that are not given are symbols."""
    out = written_out(expr, {i.range: len(SITES)}).xreplace({N: Integer(len(SITES))})
    at = {e: _entry(e, arrays) for e in out.atoms(Element)}
    out = out.xreplace(at)
    return out.xreplace({x: exact(values[x.name]) for x in out.free_symbols if x.name in values})


def _entry(element, arrays):
    if element.name not in arrays:
        return Symbol("_".join([element.name, *map(str, element.slots)]), real=True)
    value = arrays[element.name]
    for slot in element.slots:
        value = value[int(slot) - 1]
    return exact(value)


def exact(value):
    """A decimal string or an mpmath number as a fraction."""
    return Rational(value if isinstance(value, str) else mpmath.nstr(value, 45))


def at_site(expr, site):
    """An expression with the free index i at a numbered site."""
    return expr.xreplace({i: Integer(site)})


def solved(equation, name, arrays, values, start):
    """The root of an equation for each site, near a start that is cut to three digits."""
    rows = [in_numbers(at_site(equation.lhs - equation.rhs, n), arrays, values) for n in SITES]
    unknowns = [Symbol(f"{name}_{n}", real=True) for n in SITES]
    residual = lambdify(unknowns, rows, "mpmath")
    root = mpmath.findroot(lambda *x: residual(*x), [mpmath.mpf(x[:5]) for x in start])
    return [root[n - 1] for n in SITES]

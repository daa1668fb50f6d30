"""The flow of a soft committee's order parameters as people write it, in three forms.

Written out term by term for one K and M, in any tool's operations; with arrays; in loops for numba.
D. Saad and S. A. Solla (1995).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Tool:
    """What another tool computes with."""

    sqrt: Callable[[Any], Any]
    asin: Callable[[Any], Any]
    total: Callable[[Sequence[Any]], Any] = sum
    pi: Any = math.pi


def written_out(tool: Tool, R: Any, Q: Any, T: Any, eta: Any) -> tuple[list[Any], list[Any]]:
    """dR and dQ, flat; quantities that occur more than once are computed once.

    Given the fields i and k, the covariances of the others are C_ab - A_a C_ib - B_a C_kb.
    """
    K, M = len(R), len(T)
    P, fields = K + M, range(K + M)
    C = [[*Q[i], *R[i]] for i in range(K)] + [
        [*(R[i][n] for i in range(K)), *T[n]] for n in range(M)
    ]
    sign, own = [-1] * K + [1] * M, [1 + C[a][a] for a in fields]
    third = [[_third(tool, C, own, sign, i, n) for n in fields] for i in range(K)]
    dQ = {}
    for i in range(K):
        for k in range(i, K):
            volume = own[i] * own[k] - C[i][k] * C[i][k]
            A = [(C[i][a] * own[k] - C[k][a] * C[i][k]) / volume for a in fields]
            B = [(C[k][a] * own[i] - C[i][a] * C[i][k]) / volume for a in fields]
            v = [1 / tool.sqrt(own[a] - A[a] * C[i][a] - B[a] * C[k][a]) for a in fields]
            noise = tool.total(
                [
                    sign[a] * sign[b] * (1 if a == b else 2)
                    * tool.asin((C[a][b] - A[a] * C[i][b] - B[a] * C[k][b]) * v[a] * v[b])
                    for a in fields
                    for b in range(a, P)
                ]
            )  # fmt: skip
            noise = 4 / tool.pi**2 / tool.sqrt(volume) * noise
            dQ[i, k] = dQ[k, i] = eta * (third[i][k] + third[k][i]) + eta * eta * noise
    dR = [eta * third[i][K + n] for i in range(K) for n in range(M)]
    return dR, [dQ[i, k] for i in range(K) for k in range(K)]


def _third(tool: Tool, C: Any, own: Any, sign: Any, i: int, n: int) -> Any:
    terms = [
        sign[a] / tool.sqrt(own[i] * own[a] - C[i][a] * C[i][a])
        * (C[n][a] - C[i][n] * C[i][a] / own[i])
        for a in range(len(own))
    ]  # fmt: skip
    return 2 / tool.pi * tool.total(terms)


def by_arrays(xp: Any, R: Any, Q: Any, T: Any, eta: float) -> Any:
    """As one writes it with arrays, for any units: no symmetry is used but that of i and k."""
    K, M = R.shape[0], T.shape[0]
    C = xp.concatenate([xp.concatenate([Q, R], axis=1), xp.concatenate([R.T, T], axis=1)])
    sign = xp.concatenate([-xp.ones(K), xp.ones(M)])
    own = 1 + xp.diagonal(C)
    c, first = C[:K], own[:K, None]
    r = sign / xp.sqrt(first * own - c * c)
    third = 2 / math.pi * (r @ C - c * xp.sum(r * c, axis=1, keepdims=True) / first)
    i, k = np.triu_indices(K)
    mixed, ci, ck = C[i, k][:, None], C[i], C[k]
    volume = own[i][:, None] * own[k][:, None] - mixed * mixed
    A = (ci * own[k][:, None] - ck * mixed) / volume
    B = (ck * own[i][:, None] - ci * mixed) / volume
    v = 1 / xp.sqrt(own - A * ci - B * ck)
    left = C - A[:, :, None] * ci[:, None] - B[:, :, None] * ck[:, None]
    angles = xp.arcsin(left * v[:, :, None] * v[:, None])
    noise = 4 / math.pi**2 / xp.sqrt(volume[:, 0]) * ((angles @ sign) @ sign)
    upper = eta * (third[i, k] + third[k, i]) + eta**2 * noise
    place = np.zeros((K, K), dtype=int)
    place[i, k] = place[k, i] = np.arange(len(i))
    return xp.concatenate([xp.ravel(eta * third[:, K:]), upper[xp.ravel(place)]])


def rate_in_loops(R: Any, Q: Any, T: Any, eta: float, dR: Any, dQ: Any) -> None:
    """As one writes it for numba; the symmetries are used."""
    K, M = R.shape
    P = K + M
    C = np.empty((P, P))
    C[:K, :K], C[:K, K:], C[K:, :K], C[K:, K:] = Q, R, R.T, T
    third, A, B, v = np.empty((K, P)), np.empty(P), np.empty(P), np.empty(P)
    for i in range(K):
        own = 1 + C[i, i]
        for n in range(P):
            total = 0.0
            for a in range(P):
                root = math.sqrt(own * (1 + C[a, a]) - C[i, a] ** 2)
                term = (C[n, a] - C[i, n] * C[i, a] / own) / root
                total += -term if a < K else term
            third[i, n] = 2 / math.pi * total
        for n in range(M):
            dR[i, n] = eta * third[i, K + n]
    for i in range(K):
        for k in range(i, K):
            first, second, mixed = 1 + C[i, i], 1 + C[k, k], C[i, k]
            volume = first * second - mixed**2
            for a in range(P):
                A[a] = (C[i, a] * second - C[k, a] * mixed) / volume
                B[a] = (C[k, a] * first - C[i, a] * mixed) / volume
                v[a] = 1 / math.sqrt(1 + C[a, a] - A[a] * C[i, a] - B[a] * C[k, a])
            total = 0.0
            for a in range(P):
                for b in range(a, P):
                    left = C[a, b] - A[a] * C[i, b] - B[a] * C[k, b]
                    term = math.asin(left * v[a] * v[b]) * (1 if a == b else 2)
                    total += term if (a < K) == (b < K) else -term
            noise = 4 / math.pi**2 / math.sqrt(volume) * total
            dQ[i, k] = dQ[k, i] = eta * (third[i, k] + third[k, i]) + eta**2 * noise

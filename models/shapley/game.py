"""The Shapley values of one leaf, for every pattern of its players.

A leaf with output w asks something of d players. Of the row explained, player j satisfies the path (o_j = 1) or not (0). In
a coalition S the players of S take the row's values and the others are unknown; the leaf then pays

    v(S) = w * prod_{j in S} o_j * prod_{j not in S} z_j,

where z_j is what an unknown player lets through. Let each player join at a moment drawn at random from [0, 1]: at moment t
each of the others is known with probability t, and player j, joining, changes its own factor from z_j to o_j. So

    value of j = w * (o_j - z_j) * integral over t from 0 to 1 of prod_{i != j} (t * o_i + (1 - t) * z_i),

which is Shapley's weighted sum over coalitions, because the integral of t^k (1 - t)^(d-1-k) is k! (d-1-k)! / d!. The
integrand has degree d - 1, and Gauss-Legendre quadrature with n points is exact up to degree 2n - 1: nothing is
approximated but the last bit of a double.

Two games differ in z alone. *Path-dependent*: z_j is the share of the training rows that took j's turns on this path, as in
TreeSHAP. *Interventional*: unknown players take the values of a background row, z_j is 0 or 1, and the values are averaged
over the background rows; only which patterns occur in it matters, and how often.

References: Owen 1972, "Multilinear extensions of games" (the integral); Lundberg et al. 2020, "From local explanations to
global understanding with explainable AI for trees" (the two games).
"""

from functools import cache

import numpy as np

from models.shapley.compiled import compiled
from models.shapley.trees import Floats


def path_dependent(value: float, unknown: Floats) -> Floats:
    """Return the values of a leaf's players, shape (d, 2^d): column m is for the row whose bit j of m is o_j.

    `value` is the leaf's output, `unknown` the z of each player, shape (d,).
    """
    return _integrate(value, unknown, *_quadrature((len(unknown) + 1) // 2))


def interventional(value: float, share: Floats) -> Floats:
    """Return the values of a leaf's players, shape (d, 2^d), as above.

    `share` is the share of the background rows that show each pattern, shape (2^d,).
    """
    players = len(share).bit_length() - 1
    return _average(value, share, _factorials(players))


@cache
def _quadrature(n: int) -> tuple[Floats, Floats]:
    """Return the n points and weights, at least one, that integrate over [0, 1]."""
    points, weights = np.polynomial.legendre.leggauss(max(1, n))
    return (points + 1) / 2, weights / 2


@cache
def _factorials(players: int) -> Floats:
    """Return k! for k = 0 .. players."""
    return np.cumprod([1.0, *range(1, players + 1)])


@compiled
def _integrate(value: float, unknown: Floats, points: Floats, weights: Floats) -> Floats:
    players = len(unknown)
    values = np.zeros((players, 1 << players))
    before, factor = np.empty(players), np.empty(players)
    for pattern in range(1 << players):
        for point, weight in zip(points, weights):  # noqa: B905 - numba knows no strict zip
            product = value * weight
            for j in range(players):
                known = (pattern >> j) & 1
                factor[j] = point * known + (1 - point) * unknown[j]
                before[j] = product
                product *= factor[j]
            after = 1.0
            for j in range(players - 1, -1, -1):
                values[j, pattern] += (((pattern >> j) & 1) - unknown[j]) * before[j] * after
                after *= factor[j]
    return values


@compiled
def _average(value: float, share: Floats, factorial: Floats) -> Floats:
    """The same integral where every z is 0 or 1.

    It vanishes unless row and background row together satisfy the whole path. Players that both satisfy drop out; with a
    that only the row satisfies and b that only the background does, the integrals are (a-1)! b! / (a+b)! for the former
    and a! (b-1)! / (a+b)! for the latter. A background pattern is what the row lacks and any part of what it has.
    """
    players = len(factorial) - 1
    everyone = (1 << players) - 1
    values = np.zeros((players, 1 << players))
    for row in range(1 << players):
        both = row
        while True:
            other = (everyone & ~row) | both
            if share[other] > 0:
                a, b = _bits(row & ~both), _bits(everyone & ~row)
                weight = value * share[other] / factorial[a + b]
                for j in range(players):
                    if not (both >> j) & 1:
                        if (row >> j) & 1:
                            values[j, row] += weight * factorial[a - 1] * factorial[b]
                        else:
                            values[j, row] -= weight * factorial[a] * factorial[b - 1]
            if both == 0:
                break
            both = (both - 1) & row
    return values


@compiled
def _bits(number: int) -> int:
    count = 0
    while number:
        number &= number - 1
        count += 1
    return count

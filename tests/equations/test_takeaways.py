"""Each numbered equation of chapter 10 against the code that claims to compute it."""

import math

import numpy as np
import pytest
import torch

from foundations import matrices, takeaways

SEED = 42
TOLERANCE = 1e-12


@pytest.mark.equation(
    "eq:turn-and-scale",
    r"""\begin{bmatrix} a & b \\ -b & a \end{bmatrix}
    = r \begin{bmatrix} \cos\theta & \sin\theta \\ -\sin\theta & \cos\theta \end{bmatrix}""",
)
@pytest.mark.parametrize(("a", "b"), [(0.7, -0.7), (1.0, 0.0), (-2.0, 0.5), (0.0, 3.0)])
def test_a_matrix_of_this_form_is_a_factor_times_a_rotation(a, b):
    M = np.array([[a, b], [-b, a]])
    degrees, r = takeaways.turn_and_scale(M)
    np.testing.assert_allclose(M, r * matrices.rotation(math.radians(degrees)), atol=TOLERANCE)
    assert r**2 == pytest.approx(np.linalg.det(M), rel=1e-12)


@pytest.mark.equation(
    "eq:repeated-map",
    r"\lVert \mathbf{x}\, \mathbf{M}^k \rVert = r^k\, \lVert \mathbf{x} \rVert",
)
@pytest.mark.parametrize("k", [0, 1, 7, 100])
def test_a_map_used_k_times_multiplies_every_length_by_the_factor_k_times(k):
    M = np.array([[0.7, -0.7], [0.7, 0.7]])
    _, r = takeaways.turn_and_scale(M)
    for x in np.random.default_rng(SEED).normal(size=(5, 2)):
        length = np.linalg.norm(x @ np.linalg.matrix_power(M, k))
        assert length == pytest.approx(r**k * np.linalg.norm(x), rel=1e-12)
    assert r**100 == pytest.approx(0.98**50, rel=1e-12)


@pytest.mark.equation(
    "eq:block-parameters",
    r"4\,(d^2 + d) + (4d^2 + 4d) + (4d^2 + d) + 4d = 12\, d^2 + 13\, d",
)
@pytest.mark.parametrize("d", [8, 64, 512])
def test_a_block_has_as_many_parameters_as_pytorchs(d):
    block = torch.nn.TransformerEncoderLayer(d, nhead=8, dim_feedforward=4 * d)
    theirs = sum(p.numel() for p in block.parameters())
    assert takeaways.block_parameters(d) == theirs == 12 * d**2 + 13 * d

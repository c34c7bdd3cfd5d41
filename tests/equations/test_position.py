"""Each numbered equation of chapter 17 against the code that claims to compute it."""

import numpy as np
import pytest

from foundations import position
from foundations.attention import attention, causal_mask, masked_softmax
from foundations.matrices import rotation

SEED = 42
# float64; angles up to about 1,000 radians have 13 digits after the point.
TOLERANCE = 1e-11


def some(*shape: int) -> np.ndarray:
    return np.random.default_rng(SEED).normal(size=shape)


@pytest.mark.equation(
    "eq:pe-frequencies", r"\omega_i = 10000^{-2i/D} , \qquad i = 0, 1, \ldots, D/2 - 1"
)
@pytest.mark.parametrize("D", [2, 6, 64])
def test_frequencies_fall_by_equal_factors_from_1(D):
    omega = position.frequencies(D)
    assert omega.shape == (D // 2,)
    for i in range(D // 2):
        assert omega[i] == pytest.approx(10000 ** (-2 * i / D), rel=1e-14)


@pytest.mark.equation(
    "eq:pe-sinusoid",
    r"p_{t,\,2i} = \sin(\omega_i\, t), \qquad p_{t,\,2i+1} = \cos(\omega_i\, t)",
)
def test_rows_hold_sine_and_cosine_of_each_hand_in_turn():
    P = position.sinusoids(30, 8)
    for t in range(30):
        for i in range(4):
            angle = t * 10000 ** (-2 * i / 8)
            assert P[t, 2 * i] == pytest.approx(np.sin(angle), abs=TOLERANCE)
            assert P[t, 2 * i + 1] == pytest.approx(np.cos(angle), abs=TOLERANCE)


@pytest.mark.equation(
    "eq:pe-wavelength", r"\lambda_i = \frac{2\pi}{\omega_i} = 2\pi \cdot 10000^{2i/D}"
)
@pytest.mark.parametrize("i", [0, 1, 3])
def test_a_hand_is_back_after_its_wavelength(i):
    D = 8
    wavelength = 2 * np.pi * 10000 ** (2 * i / D)
    assert 2 * np.pi / position.frequencies(D)[i] == pytest.approx(wavelength, rel=1e-14)
    moved = position.shift(wavelength, D)[2 * i : 2 * i + 2, 2 * i : 2 * i + 2]
    np.testing.assert_allclose(moved, np.eye(2), atol=TOLERANCE)
    half = position.shift(wavelength / 2, D)[2 * i : 2 * i + 2, 2 * i : 2 * i + 2]
    np.testing.assert_allclose(half, -np.eye(2), atol=TOLERANCE)


@pytest.mark.equation(
    "eq:angle-sums",
    r"""\begin{aligned}
    \cos(a + b) &= \cos a \cos b - \sin a \sin b \\
    \sin(a + b) &= \sin a \cos b + \cos a \sin b
    \end{aligned}""",
)
@pytest.mark.parametrize(("a", "b"), [(0.3, 1.1), (2.0, -5.0), (0.0, 4.0)])
def test_turning_twice_adds_the_angles(a, b):
    first_row = (rotation(a) @ rotation(b))[0]
    np.testing.assert_allclose(first_row, [np.cos(a + b), np.sin(a + b)], atol=TOLERANCE)
    cosine = np.cos(a) * np.cos(b) - np.sin(a) * np.sin(b)
    sine = np.sin(a) * np.cos(b) + np.cos(a) * np.sin(b)
    np.testing.assert_allclose(first_row, [cosine, sine], atol=TOLERANCE)


@pytest.mark.equation(
    "eq:pe-shift",
    r"""\bigl[\sin \omega(t + k),\ \cos \omega(t + k)\bigr]
    = \bigl[\sin \omega t,\ \cos \omega t\bigr]
    \begin{bmatrix} \cos \omega k & -\sin \omega k \\
    \sin \omega k & \cos \omega k \end{bmatrix}""",
)
@pytest.mark.parametrize("k", [0, 1, 7, 40])
def test_k_places_on_is_the_same_matrix_everywhere(k):
    P = position.sinusoids(90, 12)
    np.testing.assert_allclose(P[:50] @ position.shift(k, 12), P[k : 50 + k], atol=TOLERANCE)
    omega = position.frequencies(12)
    for i in range(6):
        block = position.shift(k, 12)[2 * i : 2 * i + 2, 2 * i : 2 * i + 2]
        np.testing.assert_allclose(block, rotation(-k * omega[i]), atol=TOLERANCE)


@pytest.mark.equation(
    "eq:pe-dot",
    r"\mathbf{p}_t \cdot \mathbf{p}_s = \sum_{i=0}^{D/2-1} \cos\bigl(\omega_i (t - s)\bigr)",
)
@pytest.mark.parametrize("D", [2, 8, 64])
def test_the_dot_product_of_two_places_knows_their_distance_alone(D):
    P, places = position.sinusoids(40, D), np.arange(40)
    distance = places[:, None] - places
    cosines = np.cos(distance[..., None] * position.frequencies(D)).sum(axis=-1)
    np.testing.assert_allclose(P @ P.T, cosines, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:pe-four-terms",
    r"""\begin{aligned}
    &(\mathbf{x}_t + \mathbf{p}_t)\,\mathbf{W}_q \mathbf{W}_k^\top
    (\mathbf{x}_s + \mathbf{p}_s)^\top \\
    &\quad = \mathbf{x}_t \mathbf{C}\, \mathbf{x}_s^\top
    + \mathbf{x}_t \mathbf{C}\, \mathbf{p}_s^\top
    + \mathbf{p}_t \mathbf{C}\, \mathbf{x}_s^\top + \mathbf{p}_t \mathbf{C}\, \mathbf{p}_s^\top
    \end{aligned}""",
)
def test_a_score_of_sums_has_four_terms():
    X, W_q, W_k = some(3, 6, 6)
    P = position.sinusoids(6, 6)
    A = W_q @ W_k.T
    left = ((X + P) @ W_q) @ ((X + P) @ W_k).T
    right = X @ A @ X.T + X @ A @ P.T + P @ A @ X.T + P @ A @ P.T
    np.testing.assert_allclose(left, right, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:pe-learned-backward", r"d_{\mathbf{p}_t} = \sum_{b=1}^{B} d_{\mathbf{y}_{b,t}}"
)
def test_each_row_of_the_table_collects_from_all_sequences():
    X, d_Y, P = some(4, 5, 3), some(4, 5, 3)[::-1], some(7, 3)
    d_P = position.learned_backward(d_Y, 7)
    np.testing.assert_allclose(d_P[:5], d_Y.sum(axis=0), atol=TOLERANCE)
    assert not d_P[5:].any()
    for t, j in np.ndindex(7, 3):  # central differences: the sum is linear in P, so exact
        step = np.zeros((7, 3))
        step[t, j] = 1e-3
        change = position.learned(X, P + step) - position.learned(X, P - step)
        assert d_P[t, j] == pytest.approx((d_Y * change).sum() / 2e-3, abs=1e-9)


@pytest.mark.equation(
    "eq:rope-relative",
    r"""\bigl(\mathbf{q}\,\mathbf{R}(\omega t)\bigr)
    \bigl(\mathbf{k}\,\mathbf{R}(\omega s)\bigr)^\top
    = \mathbf{q}\,\mathbf{R}(\omega t)\,\mathbf{R}(-\omega s)\,\mathbf{k}^\top
    = \mathbf{q}\,\mathbf{R}\bigl(\omega (t - s)\bigr)\,\mathbf{k}^\top""",
)
@pytest.mark.parametrize("turn", [position.rope, position.rope_halves])
@pytest.mark.parametrize("start", [1, 100, 5_000])
def test_scores_after_rope_know_the_distance_alone(turn, start):
    q, k = some(2, 3, 6, 8)
    here, there = (
        turn(q, places) @ np.swapaxes(turn(k, places), -1, -2)
        for places in (np.arange(6), start + np.arange(6))
    )
    np.testing.assert_allclose(here, there, atol=1e-10)
    a, b = some(2, 2)
    two = (a @ rotation(5 * 0.3)) @ (b @ rotation(2 * 0.3))
    assert two == pytest.approx(a @ rotation(5 * 0.3) @ rotation(-2 * 0.3) @ b, abs=TOLERANCE)
    assert two == pytest.approx(a @ rotation(3 * 0.3) @ b, abs=TOLERANCE)


@pytest.mark.equation(
    "eq:rope",
    r"""\begin{aligned}
    \tilde{x}_{2i} &= x_{2i} \cos \omega_i t - x_{2i+1} \sin \omega_i t \\
    \tilde{x}_{2i+1} &= x_{2i} \sin \omega_i t + x_{2i+1} \cos \omega_i t
    \end{aligned}""",
)
def test_rope_turns_each_pair_by_its_frequency_times_its_place():
    X, places = some(5, 6), np.array([0, 1, 2, 30, 7])
    Y, omega = position.rope(X, places), position.frequencies(6)
    for row, t in enumerate(places):
        for i in range(3):
            c, s = np.cos(omega[i] * t), np.sin(omega[i] * t)
            x, y = X[row, 2 * i], X[row, 2 * i + 1]
            assert Y[row, 2 * i] == pytest.approx(x * c - y * s, abs=TOLERANCE)
            assert Y[row, 2 * i + 1] == pytest.approx(x * s + y * c, abs=TOLERANCE)


@pytest.mark.equation(
    "eq:rope-complex",
    r"""(x + \mathrm{i}y)\, e^{\mathrm{i}\theta}
    = (x \cos\theta - y \sin\theta) + \mathrm{i}\,(x \sin\theta + y \cos\theta)""",
)
def test_rope_is_one_complex_product():
    X, places = some(2, 7, 10), np.arange(3, 10)
    Z = X[..., 0::2] + 1j * X[..., 1::2]
    Z = Z * np.exp(1j * places[:, None] * position.frequencies(10))
    Y = position.rope(X, places)
    np.testing.assert_allclose(Y[..., 0::2], Z.real, atol=TOLERANCE)
    np.testing.assert_allclose(Y[..., 1::2], Z.imag, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:rope-backward",
    r"""d_{\mathbf{x}} = d_{\tilde{\mathbf{x}}}\, \mathbf{R}(\omega t)^\top
    = d_{\tilde{\mathbf{x}}}\, \mathbf{R}(-\omega t)""",
)
@pytest.mark.parametrize("turn", [position.rope, position.rope_halves])
def test_the_gradient_turns_back(turn):
    X, d_Y = some(2, 4, 6)
    places = np.array([0, 2, 9, 100])
    d_X = turn(d_Y, -places)
    np.testing.assert_allclose(turn(turn(X, places), -places), X, atol=TOLERANCE)
    for t, j in np.ndindex(4, 6):  # RoPE is linear in X, so central differences are exact
        step = np.zeros((4, 6))
        step[t, j] = 1e-3
        change = turn(X + step, places) - turn(X - step, places)
        assert d_X[t, j] == pytest.approx((d_Y * change).sum() / 2e-3, abs=1e-9)


@pytest.mark.equation(
    "eq:rope-halves",
    r"""\operatorname{halves}(\mathbf{x}\mathbf{\Pi}, t)
    = \operatorname{pairs}(\mathbf{x}, t)\,\mathbf{\Pi}""",
)
@pytest.mark.parametrize("d", [2, 4, 10])
def test_halves_are_pairs_in_another_order(d):
    X, places = some(3, 5, d), np.arange(5) * 11
    Pi = np.eye(d)[:, position.halves_order(d)]
    left = position.rope_halves(X @ Pi, places)
    np.testing.assert_allclose(left, position.rope(X, places) @ Pi, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:alibi",
    r"""\text{score}_h(t, s) = \frac{\mathbf{q}_t \cdot \mathbf{k}_s}{\sqrt{K}} - m_h\, (t - s) ,
    \qquad s \le t""",
)
def test_alibi_takes_the_slope_times_the_distance_off():
    H, T, d = 4, 6, 8
    q, k, v = some(3, H, T, d)
    bias, slopes = position.alibi(H, T), position.alibi_slopes(H)
    raw = q @ np.swapaxes(k, -1, -2) / np.sqrt(d)
    by_hand = raw.copy()
    for h, t, s in np.ndindex(H, T, T):
        by_hand[h, t, s] -= slopes[h] * (t - s)
    np.testing.assert_allclose(raw + bias, by_hand, atol=TOLERANCE)
    # Where words do not matter, each step back divides a weight by e^m.
    weights = masked_softmax(bias, causal_mask(T))
    for h in range(H):
        np.testing.assert_allclose(
            weights[h, 5, 1:] / weights[h, 5, :-1], np.exp(slopes[h]), rtol=1e-12
        )
    plain, _ = attention(q, k, v, causal_mask(T))
    biased = masked_softmax(raw + bias, causal_mask(T)) @ v
    np.testing.assert_allclose(plain[:, 0], biased[:, 0])
    assert not np.allclose(plain[:, 1:], biased[:, 1:])


@pytest.mark.equation("eq:alibi-slopes", r"m_h = 2^{-8h/H} , \qquad h = 1, \ldots, H")
@pytest.mark.parametrize("H", [1, 2, 8, 16])
def test_slopes_end_at_one_part_in_256(H):
    slopes = position.alibi_slopes(H)
    assert slopes == pytest.approx([2 ** (-8 * h / H) for h in range(1, H + 1)], rel=1e-14)
    assert slopes[-1] == 1 / 256

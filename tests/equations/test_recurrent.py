"""Each numbered equation of chapter 13 against the code that claims to compute it."""

import math

import numpy as np
import pytest

from foundations import recurrent
from foundations.backpropagation import numerical_gradient, relative_error
from foundations.forward import sigmoid

SEED = 42
TOLERANCE = 1e-12  # float64, states below 1, at most 60 steps
BY_DIFFERENCES = 1e-8  # relative; central differences with h = 1e-5 lose the rest


def setting(kind: str, seed: int = SEED, B: int = 3, T: int = 5, D: int = 4, M: int = 3):
    """Inputs, weights without a zero among them, states, cache, random direct gradients."""
    rng = np.random.default_rng(seed)
    p = {name: w + 0.3 for name, w in recurrent.new_cell(kind, D, M, rng).items()}
    X, d_H = rng.normal(size=(B, T, D)), rng.normal(size=(B, T, M))
    H, cache = recurrent.run_cell(kind, X, p)
    return X, p, H, cache, d_H


def loss(kind: str, X, p, d_H) -> float:
    return float(np.sum(d_H * recurrent.run_cell(kind, X, p)[0]))


@pytest.mark.equation("eq:rnn-scalar", r"h_t = \tanh(w_x x_t + w_h h_{t-1} + b)")
def test_one_unit_adds_its_input_and_its_last_state():
    xs = np.random.default_rng(SEED).normal(size=6)
    h = [0.3, *recurrent.rnn_scalar(xs, 0.3, 0.7, -1.2, 0.1)]
    for t in range(1, 7):
        assert math.atanh(h[t]) == pytest.approx(0.7 * xs[t - 1] - 1.2 * h[t - 1] + 0.1)


@pytest.mark.equation(
    "eq:rnn",
    r"""\mathbf{h}_t = \tanh(\mathbf{x}_t \mathbf{W}_x + \mathbf{h}_{t-1} \mathbf{W}_h
    + \mathbf{b})""",
)
def test_every_state_follows_from_its_input_and_the_state_before():
    X, p, H, _, _ = setting("RNN")
    before = np.zeros((3, 3))
    for t in range(5):
        before = np.tanh(X[:, t] @ p["W_x"] + before @ p["W_h"] + p["b"])
        np.testing.assert_allclose(H[:, t], before, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:bptt",
    r"""d_{\mathbf{h}_t} = d^{\,\text{out}}_{\mathbf{h}_t}
    + d_{\mathbf{z}_{t+1}} \mathbf{W}_h^\top""",
)
def test_a_state_gathers_the_loss_and_the_next_step():
    X, p, _, cache, d_H = setting("RNN")
    rest = d_H.copy()
    rest[:, 0] = 0  # the loss sees the states from the second on: they depend on h1 alone
    _, d_h1, _ = recurrent.rnn_backward(d_H[:, 1:], late(cache), p)
    first = recurrent.rnn_backward(d_H, cache, p)
    alone = recurrent.rnn_backward(rest, cache, p)
    h1 = cache["H"][1]
    d_z1 = (d_H[:, 0] + d_h1) * (1 - h1**2)
    np.testing.assert_allclose(first[1], d_z1 @ p["W_h"].T, atol=TOLERANCE)
    np.testing.assert_allclose(alone[1], (d_h1 * (1 - h1**2)) @ p["W_h"].T, atol=TOLERANCE)
    measured = numerical_gradient(
        lambda h: np.sum(d_H * recurrent.rnn(X, h, p)[0]), np.zeros((3, 3))
    )
    assert relative_error(first[1], measured) < BY_DIFFERENCES


def late(cache: dict) -> dict:
    """The cache of a run without its first step."""
    return {"inputs": cache["inputs"][1:], "H": cache["H"][1:]}


@pytest.mark.equation(
    "eq:bptt-z",
    r"""d_{\mathbf{z}_t} = d_{\mathbf{h}_t} \odot (1 - \mathbf{h}_t \odot \mathbf{h}_t)""",
)
def test_the_slope_of_the_tanh_stands_between_state_and_sum():
    X, p, H, cache, d_H = setting("RNN", T=1)
    d_X, _, grads = recurrent.rnn_backward(d_H, cache, p)
    d_z = d_H[:, 0] * (1 - H[:, 0] ** 2)
    np.testing.assert_allclose(d_X[:, 0], d_z @ p["W_x"].T, atol=TOLERANCE)
    np.testing.assert_allclose(grads["b"], d_z.sum(axis=0), atol=TOLERANCE)
    measured = numerical_gradient(lambda x: loss("RNN", x, p, d_H), X)
    assert relative_error(d_X, measured) < BY_DIFFERENCES


@pytest.mark.equation(
    "eq:d-shared",
    r"""d_{\mathbf{W}_x} = \sum_{t=1}^{T} \mathbf{x}_t^\top d_{\mathbf{z}_t}, \qquad
    d_{\mathbf{W}_h} = \sum_{t=1}^{T} \mathbf{h}_{t-1}^\top d_{\mathbf{z}_t}, \qquad
    d_{\mathbf{b}} = \sum_{t=1}^{T} d_{\mathbf{z}_t}""",
)
def test_gradients_of_shared_weights_are_sums_over_time():
    X, p, _, cache, d_H = setting("RNN")
    grads = recurrent.rnn_backward(d_H, cache, p)[2]
    for name in p:
        measured = numerical_gradient(lambda w, n=name: loss("RNN", X, {**p, n: w}, d_H), p[name])
        assert relative_error(grads[name], measured) < BY_DIFFERENCES
    rng = np.random.default_rng(SEED)
    A, d_Z = rng.normal(size=(5, 3, 4)), rng.normal(size=(5, 3, 2))
    by_loop = sum(A[t].T @ d_Z[t] for t in range(5))
    np.testing.assert_allclose(recurrent.sum_over_time(A, d_Z), by_loop, atol=TOLERANCE)
    np.testing.assert_allclose(recurrent.sum_bias(d_Z, np.zeros(2)), d_Z.sum((0, 1)))


@pytest.mark.equation(
    "eq:jacobian-product",
    r"""d_{\mathbf{h}_t} = d_{\mathbf{h}_T}\, \mathbf{D}_T \mathbf{W}_h^\top\,
    \mathbf{D}_{T-1} \mathbf{W}_h^\top \cdots \mathbf{D}_{t+1} \mathbf{W}_h^\top""",
)
def test_the_gradient_by_an_early_state_is_a_product_of_the_steps():
    _, p, _, cache, d_H = setting("RNN")
    d_last = d_H[:, -1]
    d_states = recurrent.state_gradients(d_last, cache, p)
    assert d_states.shape == (6, 3, 3)
    for b in range(3):
        row = d_last[b]
        np.testing.assert_array_equal(d_states[5, b], row)
        for t in (4, 3, 2, 1, 0):
            row = row @ np.diag(1 - cache["H"][t + 1, b] ** 2) @ p["W_h"].T
            np.testing.assert_allclose(d_states[t, b], row, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:vanish-bound",
    r"""\lVert d_{\mathbf{h}_t} \rVert \le s^{\,T - t}\, \lVert d_{\mathbf{h}_T} \rVert""",
)
@pytest.mark.parametrize("scale", [0.3, 0.9, 1.0, 1.5])
def test_no_gradient_grows_faster_than_the_stretch(scale):
    rng = np.random.default_rng(SEED)
    p = recurrent.new_cell("RNN", 4, 8, rng)
    p["W_h"] = scale * rng.normal(size=(8, 8)) / math.sqrt(8)
    stretch = np.linalg.norm(p["W_h"], 2)
    _, cache = recurrent.run_cell("RNN", rng.normal(size=(5, 30, 4)), p)
    lengths = np.linalg.norm(recurrent.state_gradients(rng.normal(size=(5, 8)), cache, p), axis=-1)
    bounds = stretch ** np.arange(30, -1, -1)[:, None] * lengths[-1]
    assert (lengths <= bounds * (1 + TOLERANCE)).all()


@pytest.mark.equation(
    "eq:clip",
    r"\mathbf{d} \leftarrow \mathbf{d}\, \frac{c}{\max(\lVert \mathbf{d} \rVert,\, c)}",
)
@pytest.mark.parametrize("most", [0.1, 1.0, 5.0, 1e3])
def test_clipping_limits_the_length_and_keeps_the_direction(most):
    rng = np.random.default_rng(SEED)
    grads = {"a": rng.normal(size=(3, 4)), "b": rng.normal(size=5)}
    d = np.concatenate([g.ravel() for g in grads.values()])
    clipped, norm = recurrent.clip_by_norm(grads, most)
    after = np.concatenate([g.ravel() for g in clipped.values()])
    assert norm == pytest.approx(np.linalg.norm(d))
    np.testing.assert_allclose(after, d * most / max(np.linalg.norm(d), most), rtol=1e-12)
    assert np.linalg.norm(after) == pytest.approx(min(most, np.linalg.norm(d)))


@pytest.mark.equation(
    "eq:lstm-gates",
    r"""\begin{aligned}
    \mathbf{z}_t &= \mathbf{x}_t \mathbf{W}_x + \mathbf{h}_{t-1} \mathbf{W}_h + \mathbf{b} \\
    [\mathbf{i}_t, \mathbf{f}_t, \mathbf{g}_t, \mathbf{o}_t] &= [\sigma(\mathbf{z}^i_t),
    \sigma(\mathbf{z}^f_t), \tanh(\mathbf{z}^g_t), \sigma(\mathbf{z}^o_t)]
    \end{aligned}""",
)
def test_one_product_makes_the_four_parts_of_an_lstm():
    X, p, H, cache, _ = setting("LSTM")
    z = X[:, 2] @ p["W_x"] + H[:, 1] @ p["W_h"] + p["b"]
    expected = sigmoid(z[:, :3]), sigmoid(z[:, 3:6]), np.tanh(z[:, 6:9]), sigmoid(z[:, 9:])
    for gate, right in zip(cache["gates"][2], expected, strict=True):
        np.testing.assert_allclose(gate, right, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:lstm-cell",
    r"""\mathbf{c}_t = \mathbf{f}_t \odot \mathbf{c}_{t-1} + \mathbf{i}_t \odot \mathbf{g}_t""",
)
def test_a_cell_keeps_a_share_and_adds_a_share():
    _, _, _, cache, _ = setting("LSTM")
    C = cache["C"]
    for t, (i, f, g, _) in enumerate(cache["gates"]):
        np.testing.assert_allclose(C[t + 1], f * C[t] + i * g, atol=TOLERANCE)


@pytest.mark.equation("eq:lstm-state", r"\mathbf{h}_t = \mathbf{o}_t \odot \tanh(\mathbf{c}_t)")
def test_the_state_is_a_share_of_the_cell():
    _, _, H, cache, _ = setting("LSTM")
    for t, (_, _, _, o) in enumerate(cache["gates"]):
        np.testing.assert_allclose(H[:, t], o * np.tanh(cache["C"][t + 1]), atol=TOLERANCE)


@pytest.mark.equation(
    "eq:d-cell",
    r"""d_{\mathbf{c}_t} = d_{\mathbf{c}_{t+1}} \odot \mathbf{f}_{t+1}
    + d_{\mathbf{h}_t} \odot \mathbf{o}_t \odot (1 - \tanh^2 \mathbf{c}_t)""",
)
def test_the_gradient_of_the_first_cell_is_right_by_differences():
    X, p, _, cache, d_H = setting("LSTM")
    h0 = np.zeros((3, 3))
    _, (d_h0, d_c0), _ = recurrent.lstm_backward(d_H, cache, p)

    def by_start(h, c):
        return float(np.sum(d_H * recurrent.lstm(X, (h, c), p)[0]))

    assert relative_error(d_h0, numerical_gradient(lambda h: by_start(h, h0), h0)) < BY_DIFFERENCES
    assert relative_error(d_c0, numerical_gradient(lambda c: by_start(h0, c), h0)) < BY_DIFFERENCES
    X, p, _, cache, d_H = setting("LSTM", T=1)
    _, f, _, o = cache["gates"][0]
    d_c1 = d_H[:, 0] * o * (1 - np.tanh(cache["C"][1]) ** 2)
    d_c0 = recurrent.lstm_backward(d_H, cache, p)[1][1]
    np.testing.assert_allclose(d_c0, d_c1 * f, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:d-gates",
    r"""\begin{aligned}
    d_{\mathbf{z}^i} &= d_{\mathbf{c}} \odot \mathbf{g} \odot \mathbf{i} \odot (1 - \mathbf{i}), \\
    d_{\mathbf{z}^f} &= d_{\mathbf{c}} \odot \mathbf{c}_{t-1} \odot \mathbf{f}
    \odot (1 - \mathbf{f}), \\
    d_{\mathbf{z}^g} &= d_{\mathbf{c}} \odot \mathbf{i} \odot (1 - \mathbf{g} \odot \mathbf{g}), \\
    d_{\mathbf{z}^o} &= d_{\mathbf{h}} \odot \tanh \mathbf{c} \odot \mathbf{o}
    \odot (1 - \mathbf{o})
    \end{aligned}""",
)
@pytest.mark.parametrize("T", [1, 5])
def test_all_gradients_of_an_lstm_are_right_by_differences(T):
    X, p, _, cache, d_H = setting("LSTM", T=T)
    d_X, _, grads = recurrent.lstm_backward(d_H, cache, p)
    measured = numerical_gradient(lambda x: loss("LSTM", x, p, d_H), X)
    assert relative_error(d_X, measured) < BY_DIFFERENCES
    for name in p:
        measured = numerical_gradient(lambda w, n=name: loss("LSTM", X, {**p, n: w}, d_H), p[name])
        assert relative_error(grads[name], measured) < BY_DIFFERENCES


@pytest.mark.equation(
    "eq:gru-gates",
    r"""\begin{aligned}
    \mathbf{r}_t &= \sigma(\mathbf{a}^r_t + \mathbf{u}^r_t), \qquad
    \mathbf{z}_t = \sigma(\mathbf{a}^z_t + \mathbf{u}^z_t), \\
    \mathbf{n}_t &= \tanh\bigl(\mathbf{a}^n_t + \mathbf{r}_t \odot
    (\mathbf{u}^n_t + \mathbf{b}_n)\bigr)
    \end{aligned}""",
)
def test_the_gates_of_a_gru_come_from_two_products_cut_in_three():
    X, p, H, cache, _ = setting("GRU")
    a, u = X[:, 2] @ p["W_x"] + p["b"], H[:, 1] @ p["W_h"]
    r, z, n, _ = cache["gates"][2]
    np.testing.assert_allclose(r, sigmoid(a[:, :3] + u[:, :3]), atol=TOLERANCE)
    np.testing.assert_allclose(z, sigmoid(a[:, 3:6] + u[:, 3:6]), atol=TOLERANCE)
    new = np.tanh(a[:, 6:] + r * (u[:, 6:] + p["b_n"]))
    np.testing.assert_allclose(n, new, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:gru-state",
    r"""\mathbf{h}_t = (1 - \mathbf{z}_t) \odot \mathbf{n}_t
    + \mathbf{z}_t \odot \mathbf{h}_{t-1}""",
)
def test_the_state_of_a_gru_lies_between_the_old_and_the_new():
    _, _, H, cache, _ = setting("GRU")
    for t, (_, z, n, _) in enumerate(cache["gates"]):
        right = (1 - z) * n + z * cache["H"][t]
        np.testing.assert_allclose(H[:, t], right, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:d-gru",
    r"""\begin{aligned}
    d_{\mathbf{a}^n} &= d_{\mathbf{h}} \odot (1 - \mathbf{z})
    \odot (1 - \mathbf{n} \odot \mathbf{n}), \\
    d_{\mathbf{a}^z} &= d_{\mathbf{h}} \odot (\mathbf{h}_{t-1} - \mathbf{n})
    \odot \mathbf{z} \odot (1 - \mathbf{z}), \\
    d_{\mathbf{a}^r} &= d_{\mathbf{a}^n} \odot (\mathbf{u}^n + \mathbf{b}_n)
    \odot \mathbf{r} \odot (1 - \mathbf{r})
    \end{aligned}""",
)
@pytest.mark.parametrize("T", [1, 5])
def test_all_gradients_of_a_gru_are_right_by_differences(T):
    X, p, _, cache, d_H = setting("GRU", T=T)
    d_X, d_h0, grads = recurrent.gru_backward(d_H, cache, p)
    measured = numerical_gradient(lambda x: loss("GRU", x, p, d_H), X)
    assert relative_error(d_X, measured) < BY_DIFFERENCES
    measured = numerical_gradient(
        lambda h: np.sum(d_H * recurrent.gru(X, h, p)[0]), np.zeros((3, 3))
    )
    assert relative_error(d_h0, measured) < BY_DIFFERENCES
    for name in p:
        measured = numerical_gradient(lambda w, n=name: loss("GRU", X, {**p, n: w}, d_H), p[name])
        assert relative_error(grads[name], measured) < BY_DIFFERENCES


@pytest.mark.equation(
    "eq:cell-path",
    r"""d_{\mathbf{c}_t} = d_{\mathbf{c}_T} \odot \mathbf{f}_T \odot \mathbf{f}_{T-1}
    \odot \cdots \odot \mathbf{f}_{t+1}""",
)
def test_along_the_cell_alone_the_forget_gates_multiply():
    # Without weights beside the state, nothing comes back by way of the states.
    X, p, _, _, d_H = setting("LSTM", T=6)
    p["W_h"] = np.zeros_like(p["W_h"])
    _, cache = recurrent.run_cell("LSTM", X, p)
    last = np.zeros_like(d_H)
    last[:, -1] = d_H[:, -1]
    d_c0 = recurrent.lstm_backward(last, cache, p)[1][1]
    o = cache["gates"][-1][3]
    d_c = last[:, -1] * o * (1 - np.tanh(cache["C"][-1]) ** 2)
    product = np.prod([f for _, f, _, _ in cache["gates"]], axis=0)
    np.testing.assert_allclose(d_c0, d_c * product, atol=TOLERANCE)

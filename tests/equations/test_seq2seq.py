"""Each numbered equation of chapter 14 against the code that claims to compute it."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
import torch

from foundations import seq2seq
from foundations.backpropagation import numerical_gradient, relative_error
from foundations.forward import softmax
from foundations.losses import log_softmax

SEED = 42
TOLERANCE = 1e-12  # float64, sums of tens of terms of size 1
BY_DIFFERENCES = 1e-7  # central differences of smooth functions


def rows(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(SEED)
    return [rng.normal(size=shape) for shape in shapes]


@pytest.mark.equation("eq:push", r"s_t = \frac{s_{t-1} + i_t}{V}")
@pytest.mark.parametrize("V", [2, 4, 8])
def test_each_id_is_pushed_on_top_of_the_state(V):
    ids = np.random.default_rng(SEED).integers(0, V, size=10)
    state = Fraction(0)
    for t, token in enumerate(ids):
        state = (state + int(token)) / V
        assert seq2seq.push_all(ids[: t + 1], V) == float(state)
        assert 0 <= state < 1


@pytest.mark.equation("eq:pop", r"i_t = \lfloor V s_t \rfloor, \qquad s_{t-1} = V s_t - i_t")
@pytest.mark.parametrize("V", [2, 4, 8])
def test_what_went_in_last_comes_out_first(V):
    ids = np.random.default_rng(SEED).integers(0, V, size=12).tolist()
    state = seq2seq.push_all(ids, V)
    assert seq2seq.pop_all(state, V, 12) == ids[::-1]
    (last,) = seq2seq.pop_all(state, V, 1)
    assert last == np.floor(V * state)
    assert V * state - last == seq2seq.push_all(ids[:-1], V)


@pytest.mark.equation("eq:pigeonhole", r"\text{share right} \le \frac{2^b}{V^T}")
@pytest.mark.parametrize(("bits", "V", "T"), [(1, 2, 2), (2, 3, 2), (3, 2, 3), (2, 2, 4)])
def test_no_encoder_and_decoder_beat_the_count_of_states(bits, V, T):
    sequences = list(itertools.product(range(V), repeat=T))
    rng = np.random.default_rng(SEED)
    bound = 2**bits / V**T
    for _ in range(200):  # any encoder, and the best decoder for it
        state = rng.integers(0, 2**bits, size=len(sequences))
        assert len(set(state.tolist())) / len(sequences) <= bound
    best = np.arange(len(sequences)) % 2**bits  # the bound is reached, up to 1
    assert len(set(best.tolist())) / len(sequences) == min(1, bound)


def small(attention=True, seeds=(), M=5, V=5):
    rng = np.random.default_rng(SEED)
    p = seq2seq.new_seq2seq(V, M, rng, attention, seeds)
    p = {name: w + 0.1 * rng.normal(size=w.shape) for name, w in p.items()}
    lengths = rng.integers(1, 5, size=(*seeds, 3))
    return p, seq2seq.reversal_batch(lengths, 4, V, rng)


@pytest.mark.equation(
    "eq:seq2seq",
    r"""p(\mathbf{y} \mid \mathbf{x}) = \prod_{t=1}^{m+1}
    p(y_t \mid y_1, \ldots, y_{t-1}, \mathbf{x})""",
)
def test_probabilities_of_sequences_up_to_the_mark_add_up_to_at_most_1():
    p, (source, keep, _, _) = small(V=3)
    total, left = 0.0, 0.0
    for m in range(5):
        for body in itertools.product(range(2), repeat=m):
            target = np.array([[*body, 2]] * 3)
            logits, _ = seq2seq.seq2seq(source, keep, seq2seq.shift(target, 2), p)
            log_p = log_softmax(logits)[0, np.arange(m + 1), target[0]]
            total += np.exp(log_p.sum())
            if m == 4:  # those that are longer begin with these four
                left += np.exp(log_p[:-1].sum()) * (1 - np.exp(log_p[-1]))
    assert total < 1
    assert total + left == pytest.approx(1, abs=TOLERANCE)


@pytest.mark.equation(
    "eq:masked-loss", r"L = -\frac{\sum_{b,t} k_{bt} \ln p(y_{bt})}{\sum_{b,t} k_{bt}}"
)
def test_the_loss_is_the_mean_over_tokens_that_are_real():
    (logits,) = rows((3, 4, 5))
    targets = np.random.default_rng(SEED).integers(0, 5, size=(3, 4))
    keep = np.arange(4) < np.array([[4], [1], [2]])
    loss = seq2seq.masked_cross_entropy(logits, targets, keep)
    by_loop = [-log_softmax(logits[b, t])[targets[b, t]] for b, t in np.argwhere(keep)]
    assert loss == pytest.approx(np.mean(by_loop), abs=TOLERANCE)
    ignored = torch.tensor(np.where(keep, targets, -100)).flatten()
    theirs = torch.nn.functional.cross_entropy(torch.tensor(logits).flatten(0, 1), ignored)
    assert loss == pytest.approx(theirs.item(), abs=TOLERANCE)
    measured = numerical_gradient(lambda z: seq2seq.masked_cross_entropy(z, targets, keep), logits)
    d_logits = seq2seq.masked_cross_entropy_backward(logits, targets, keep)
    assert relative_error(d_logits, measured) < BY_DIFFERENCES
    assert not d_logits[~keep].any()


@pytest.mark.equation(
    "eq:kernel-regression",
    r"""f(x) = \sum_i w_i\, y_i \qquad\text{with}\qquad
    w_i = \frac{e^{-(x - x_i)^2 / 2h^2}}{\sum_j e^{-(x - x_j)^2 / 2h^2}}""",
)
@pytest.mark.parametrize("width", [0.3, 1.0, 5.0])
def test_kernel_regression_is_a_weighted_mean(width):
    xs, ys, x = rows((6,), (6,), (2, 3))
    powers = np.exp(-((x[..., None] - xs) ** 2) / (2 * width**2))
    by_hand = (powers * ys).sum(axis=-1) / powers.sum(axis=-1)
    got = seq2seq.kernel_regression(x, xs, ys, width)
    np.testing.assert_allclose(got, by_hand, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:kernel-dot",
    r"""\operatorname{softmax}_i\!\left(
    -\frac{\lVert \mathbf{q} - \mathbf{k}_i \rVert^2}{2h^2}\right)
    = \operatorname{softmax}_i\!\left(\frac{\mathbf{q} \cdot \mathbf{k}_i}{h^2}
    - \frac{\lVert \mathbf{k}_i \rVert^2}{2h^2}\right)""",
)
@pytest.mark.parametrize("h", [0.5, 1.0, 3.0])
def test_nearness_is_a_dot_product_with_a_bonus_for_short_keys(h):
    q, K = rows((4,), (6, 4))
    near = softmax(-((q - K) ** 2).sum(axis=1) / (2 * h**2))
    dots = softmax(K @ q / h**2 - (K**2).sum(axis=1) / (2 * h**2))
    np.testing.assert_allclose(near, dots, atol=TOLERANCE)
    same = K / np.linalg.norm(K, axis=1, keepdims=True)
    near = softmax(-((q - same) ** 2).sum(axis=1) / (2 * h**2))
    np.testing.assert_allclose(
        seq2seq.attention_pool(q / h**2, same, same)[1], near, atol=TOLERANCE
    )


@pytest.mark.equation(
    "eq:attention-pool",
    r"""\mathbf{y} = \sum_i w_i\, \mathbf{v}_i \qquad\text{with}\qquad
    w_i = \frac{e^{\mathbf{q} \cdot \mathbf{k}_i}}{\sum_j e^{\mathbf{q} \cdot \mathbf{k}_j}}""",
)
def test_attention_is_the_mean_of_values_by_powers_of_dot_products():
    q, K, V = rows((4,), (6, 4), (6, 2))
    powers = [np.exp(q @ k) for k in K]
    by_loop = sum(w * v for w, v in zip(powers, V, strict=True)) / sum(powers)
    y, weights = seq2seq.attention_pool(q, K, V)
    np.testing.assert_allclose(y, by_loop, atol=TOLERANCE)
    np.testing.assert_allclose(weights, powers / np.sum(powers), atol=TOLERANCE)
    theirs = torch.nn.functional.scaled_dot_product_attention(
        *(torch.tensor(a) for a in (q[None], K, V)), scale=1.0
    )
    np.testing.assert_allclose(y, theirs[0], atol=TOLERANCE)


@pytest.mark.equation(
    "eq:multiplicative",
    r"\operatorname{score}(\mathbf{s}, \mathbf{h}) = \mathbf{s}\, \mathbf{W}_a \mathbf{h}^\top",
)
def test_multiplicative_scores_turn_the_query_first():
    s, H, W = rows((3,), (5, 4), (3, 4))
    by_loop = [sum(s[a] * W[a, b] * h[b] for a in range(3) for b in range(4)) for h in H]
    np.testing.assert_allclose(seq2seq.multiplicative_scores(s, H, W), by_loop, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:additive",
    r"""\operatorname{score}(\mathbf{s}, \mathbf{h})
    = \tanh(\mathbf{s} \mathbf{W}_q + \mathbf{h} \mathbf{W}_k) \cdot \mathbf{v}""",
)
def test_additive_scores_are_a_network_with_one_hidden_layer():
    s, H, W_q, W_k, v = rows((3,), (5, 4), (3, 6), (4, 6), (6,))
    scores = seq2seq.additive_scores(s, H, W_q, W_k, v)
    by_loop = [np.tanh(s @ W_q + h @ W_k) @ v for h in H]
    np.testing.assert_allclose(scores, by_loop, atol=TOLERANCE)
    assert np.abs(scores).max() < np.abs(v).sum()
    many = seq2seq.additive_scores(np.stack([s, 2 * s])[:, None], H, W_q, W_k, v)
    assert many.shape == (2, 5)
    np.testing.assert_allclose(many[0], scores, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:d-score",
    r"""d_{s_j} = w_j\, d_{w_j} - \sum_i d_{w_i} w_i w_j
    = w_j\, \bigl(d_{\mathbf{y}} \cdot \mathbf{v}_j - d_{\mathbf{y}} \cdot \mathbf{y}\bigr)""",
)
def test_a_score_matters_by_its_weight_and_its_values_distance_from_the_answer():
    s, V, d_y = rows((6,), (6, 3), (3,))
    w = softmax(s)
    d_w, y = V @ d_y, w @ V
    measured = numerical_gradient(lambda s: d_y @ (softmax(s) @ V), s)
    first = w * d_w - (d_w * w).sum() * w
    second = w * (V @ d_y - d_y @ y)
    np.testing.assert_allclose(first, second, atol=TOLERANCE)
    assert relative_error(first, measured) < BY_DIFFERENCES
    # With the identity as keys, the query is the scores.
    d_q, _, _ = seq2seq.attention_pool_backward(d_y[None], s[None], np.eye(6), V, w[None])
    np.testing.assert_allclose(d_q[0], second, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:d-pool",
    r"""d_{\mathbf{q}} = \sum_j d_{s_j}\, \mathbf{k}_j, \qquad
    d_{\mathbf{k}_j} = d_{s_j}\, \mathbf{q}, \qquad d_{\mathbf{v}_j} = w_j\, d_{\mathbf{y}}""",
)
@pytest.mark.parametrize("before", [(), (2,), (2, 3)])
def test_gradients_of_a_lookup_by_queries_keys_and_values(before):
    given = dict(zip("qKV", rows((*before, 3, 4), (*before, 5, 4), (*before, 5, 2)), strict=True))
    y, weights = seq2seq.attention_pool(**given)
    (d_y,) = rows(y.shape)
    by_hand = seq2seq.attention_pool_backward(d_y, **given, weights=weights)
    for (name, array), gradient in zip(given.items(), by_hand, strict=True):
        measured = numerical_gradient(
            lambda a, name=name: np.sum(d_y * seq2seq.attention_pool(**{**given, name: a})[0]),
            array,
        )
        assert relative_error(gradient, measured) < BY_DIFFERENCES


@pytest.mark.equation(
    "eq:context",
    r"""\begin{aligned}
    w_{ti} &= \operatorname{softmax}_i(\mathbf{s}_t \mathbf{W}_a \mathbf{h}_i^\top), \qquad
    \mathbf{c}_t = \sum_i w_{ti}\, \mathbf{h}_i, \\
    \mathbf{z}_t &= \mathbf{s}_t \mathbf{W}_s + \mathbf{c}_t \mathbf{W}_c + \mathbf{b}
    \end{aligned}""",
)
def test_the_decoder_looks_at_the_states_that_are_real():
    p, (source, keep, targets, _) = small()
    logits, cache = seq2seq.seq2seq(source, keep, seq2seq.shift(targets, 4), p)
    S, H = cache["decoder"]["S"], cache["H"]
    for b in range(3):
        real = H[b, keep[b]]
        for t in range(5):
            w = softmax(seq2seq.multiplicative_scores(S[b, t], real, p["W_a"]))
            z = S[b, t] @ p["W_s"] + (w @ real) @ p["W_c"] + p["b_y"][0]
            np.testing.assert_allclose(logits[b, t], z, atol=TOLERANCE)
            given = cache["decoder"]["weights"][b, t]
            np.testing.assert_allclose(given[keep[b]], w, atol=TOLERANCE)
            assert not given[~keep[b]].any()

"""What `foundations.block` promises beyond its equations: PyTorch's word, edges, errors."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foundations import block as b
from foundations.attention import causal_mask
from foundations.normalisation import standardise

SEED = 42
few = settings(max_examples=20, deadline=None, derandomize=True)


def parameters(D: int, F: int, rng: np.random.Generator) -> dict:
    """A block with every array random, gains and biases too."""
    return {k: rng.normal(0, 0.5, a.shape) for k, a in b.new_block(D, F, rng).items()}


def encoder_layer(p: dict, H: int, order: str, activation) -> torch.nn.Module:
    """PyTorch's layer with the parameters `p`, in float64."""
    D, F = p["W1"].shape
    layer = torch.nn.TransformerEncoderLayer(
        D,
        H,
        F,
        dropout=0.0,
        activation=activation,
        batch_first=True,
        norm_first=order == "pre",
        dtype=torch.float64,
    )
    copies = {
        "self_attn.in_proj_weight": np.hstack([p["W_q"], p["W_k"], p["W_v"]]).T,
        "self_attn.in_proj_bias": np.hstack([p["b_q"], p["b_k"], p["b_v"]]),
        "self_attn.out_proj.weight": p["W_o"].T,
        "self_attn.out_proj.bias": p["b_o"],
        "linear1.weight": p["W1"].T,
        "linear1.bias": p["b1"],
        "linear2.weight": p["W2"].T,
        "linear2.bias": p["b2"],
        "norm1.weight": p["gamma1"],
        "norm1.bias": p["beta1"],
        "norm2.weight": p["gamma2"],
        "norm2.bias": p["beta2"],
    }
    layer.load_state_dict({k: torch.tensor(v.copy()) for k, v in copies.items()})
    return layer


TORCH = {
    "relu": torch.relu,
    "gelu": torch.nn.functional.gelu,
    "gelu_tanh": lambda Z: torch.nn.functional.gelu(Z, approximate="tanh"),
}


@few
@given(
    B=st.integers(1, 3),
    T=st.integers(1, 6),
    H=st.integers(1, 3),
    d=st.integers(1, 4),
    F=st.integers(1, 9),
    order=st.sampled_from(["pre", "post"]),
    activation=st.sampled_from(sorted(TORCH)),
    masked=st.booleans(),
    seed=st.integers(0, 2**20),
)
def test_a_block_equals_pytorchs_encoder_layer(B, T, H, d, F, order, activation, masked, seed):
    rng = np.random.default_rng(seed)
    p, X = parameters(H * d, F, rng), rng.normal(size=(B, T, H * d))
    mask = causal_mask(T) if masked else None
    layer = encoder_layer(p, H, order, TORCH[activation])
    forbidden = torch.tensor(~mask) if masked else None
    theirs = layer(torch.tensor(X), src_mask=forbidden).detach().numpy()
    ours, _ = b.block(X, p, H, mask, order, activation)
    # Two entries can be nearly equal, and a norm then divides by √ε: hence not 1e-12.
    np.testing.assert_allclose(ours, theirs, atol=1e-8)


@few
@given(
    shape=st.lists(st.integers(1, 4), min_size=0, max_size=2),
    D=st.integers(1, 9),
    seed=st.integers(0, 2**20),
)
def test_rms_norm_equals_pytorchs_forward_and_backward(shape, D, seed):
    rng = np.random.default_rng(seed)
    X, d_Y = rng.normal(size=(2, *shape, D))
    gamma = rng.normal(size=D)
    torch_X, torch_gamma = (torch.tensor(a, requires_grad=True) for a in (X, gamma))
    torch_Y = torch.nn.functional.rms_norm(torch_X, (D,), torch_gamma, eps=1e-5)
    torch_Y.backward(torch.tensor(d_Y))
    Y, cache = b.rms_norm(X, gamma)
    d_X, d_gamma = b.rms_norm_backward(d_Y, cache)
    np.testing.assert_allclose(Y, torch_Y.detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(d_X, torch_X.grad.numpy(), atol=1e-8)
    np.testing.assert_allclose(d_gamma, torch_gamma.grad.numpy(), atol=1e-12)


@few
@given(
    shape=st.lists(st.integers(1, 3), min_size=0, max_size=2),
    D=st.integers(1, 5),
    F=st.integers(1, 6),
    activation=st.sampled_from(sorted(TORCH)),
    seed=st.integers(0, 2**20),
)
def test_the_networks_gradients_are_autograds(shape, D, F, activation, seed):
    rng = np.random.default_rng(seed)
    p = {"W1": (D, F), "b1": (F,), "W2": (F, D), "b2": (D,)}
    p = {name: rng.normal(size=size) for name, size in p.items()}
    X, d_Y = rng.normal(size=(2, *shape, D))
    torchs = {k: torch.tensor(a, requires_grad=True) for k, a in (p | {"X": X}).items()}
    hidden = TORCH[activation](torchs["X"] @ torchs["W1"] + torchs["b1"])
    (hidden @ torchs["W2"] + torchs["b2"]).backward(torch.tensor(d_Y))
    _, cache = b.feed_forward(X, p, activation)
    d_X, grads = b.feed_forward_backward(d_Y, cache, p, activation)
    for name, ours in (grads | {"X": d_X}).items():
        np.testing.assert_allclose(ours, torchs[name].grad.numpy(), atol=1e-12)


@few
@given(
    shape=st.lists(st.integers(1, 3), min_size=0, max_size=2),
    D=st.integers(1, 5),
    F=st.integers(1, 6),
    seed=st.integers(0, 2**20),
)
def test_swiglus_gradients_are_autograds(shape, D, F, seed):
    rng = np.random.default_rng(seed)
    p = {"W_gate": (D, F), "W_up": (D, F), "W_down": (F, D)}
    p = {name: rng.normal(size=size) for name, size in p.items()}
    X, d_Y = rng.normal(size=(2, *shape, D))
    torchs = {k: torch.tensor(a, requires_grad=True) for k, a in (p | {"X": X}).items()}
    gate = torch.nn.functional.silu(torchs["X"] @ torchs["W_gate"])
    (gate * (torchs["X"] @ torchs["W_up"]) @ torchs["W_down"]).backward(torch.tensor(d_Y))
    _, cache = b.swiglu(X, p)
    d_X, grads = b.swiglu_backward(d_Y, cache, p)
    for name, ours in (grads | {"X": d_X}).items():
        np.testing.assert_allclose(ours, torchs[name].grad.numpy(), atol=1e-12)


@pytest.mark.parametrize("order", ["pre", "post"])
@pytest.mark.parametrize("activation", sorted(TORCH))
def test_arrays_keep_their_type(order, activation):
    rng = np.random.default_rng(SEED)
    p = {k: a.astype(np.float32) for k, a in parameters(8, 12, rng).items()}
    X = rng.normal(size=(2, 5, 8)).astype(np.float32)
    Y, cache = b.block(X, p, 2, causal_mask(5), order, activation)
    assert Y.dtype == np.float32
    d_X, grads = b.feed_forward_backward(X, cache["ffn"], p, activation)
    assert {d_X.dtype, *(g.dtype for g in grads.values())} == {np.dtype(np.float32)}
    Y, norm = b.rms_norm(X, p["gamma1"])
    assert Y.dtype == b.rms_norm_backward(Y, norm)[0].dtype == np.float32
    q = {"W_gate": p["W1"], "W_up": p["W1"], "W_down": p["W2"]}
    Y, gated = b.swiglu(X, q)
    assert Y.dtype == b.swiglu_backward(Y, gated, q)[0].dtype == np.float32


@pytest.mark.parametrize("order", ["pre", "post"])
def test_a_block_leaves_its_input_alone_and_does_not_look_ahead(order):
    rng = np.random.default_rng(SEED)
    p, X = parameters(8, 12, rng), rng.normal(size=(2, 5, 8))
    kept, other = X.copy(), X.copy()
    other[:, -1] += 3
    Y, _ = b.block(X, p, 2, causal_mask(5), order)
    np.testing.assert_array_equal(X, kept)
    later, _ = b.block(other, p, 2, causal_mask(5), order)
    np.testing.assert_array_equal(Y[:, :-1], later[:, :-1])
    assert np.abs(Y[:, -1] - later[:, -1]).max() > 0.1


@pytest.mark.parametrize("order", ["pre", "post"])
def test_permuted_tokens_give_permuted_results(order):
    rng = np.random.default_rng(SEED)
    p, X = parameters(8, 12, rng), rng.normal(size=(5, 8))
    turn = rng.permutation(5)
    Y, _ = b.block(X, p, 2, order=order)
    np.testing.assert_allclose(b.block(X[turn], p, 2, order=order)[0], Y[turn], atol=1e-12)


def test_the_cache_holds_the_four_parts_and_what_was_added():
    rng = np.random.default_rng(SEED)
    p, X = parameters(8, 12, rng), rng.normal(size=(2, 5, 8))
    for order in ("pre", "post"):
        _, cache = b.block(X, p, 2, order=order)
        parts = {"norm1", "attention", "norm2", "ffn", "attention_out", "ffn_out"}
        assert set(cache) == parts
        assert cache["attention"]["weights"].shape == (2, 2, 5, 5)
        assert set(cache["ffn"]) == {"X", "Z", "A"}
        assert len(cache["norm1"]) == len(cache["norm2"]) == 3


def test_post_ln_ends_standardised():
    rng = np.random.default_rng(SEED)
    p = b.new_block(8, 32, rng, spread=0.5)
    Y, _ = b.block(rng.normal(size=(2, 5, 8)), p, 2, order="post")
    np.testing.assert_allclose(Y, standardise(Y, -1)[0], atol=1e-4)


def test_a_new_block_has_the_promised_spreads_shapes_and_order():
    p = b.new_block(64, 256, np.random.default_rng(SEED), shrink=0.25)
    attention = [name + which for which in "qkvo" for name in ("W_", "b_")]
    network = ["W1", "b1", "W2", "b2"]
    assert list(p) == ["gamma1", "beta1", *attention, "gamma2", "beta2", *network]
    spreads = {"W_q": 0.02, "W_k": 0.02, "W_v": 0.02, "W_o": 0.005, "W1": 0.02, "W2": 0.005}
    for name, spread in spreads.items():
        assert p[name].std() == pytest.approx(spread, rel=0.05)
    assert p["W1"].shape == (64, 256)
    assert p["W2"].shape == (256, 64)
    for name, array in p.items():
        if name not in spreads:
            np.testing.assert_array_equal(array, float(name.startswith("gamma")))
    wide = b.new_block(64, 256, np.random.default_rng(SEED), spread=0.125)
    assert wide["W_o"].std() == pytest.approx(0.125, rel=0.05)


def test_a_row_of_zeros_stays_zero_in_rms_norm():
    Y, cache = b.rms_norm(np.zeros((2, 4)), np.ones(4))
    np.testing.assert_array_equal(Y, 0)
    assert np.isfinite(b.rms_norm_backward(np.ones((2, 4)), cache)[0]).all()


def test_silu_takes_large_numbers():
    z = np.array([-1e4, 0.0, 1e4])
    np.testing.assert_array_equal(b.silu(z), [0, 0, 1e4])
    np.testing.assert_array_equal(b.silu_slope(z), [0, 0.5, 1])


def test_errors_name_the_shapes_and_the_choices():
    rng = np.random.default_rng(SEED)
    p, X = parameters(8, 12, rng), rng.normal(size=(5, 8))
    with pytest.raises(ValueError, match=r"feed_forward: X \(5, 6\) has rows of width 6, and W1"):
        b.feed_forward(X[:, :6], p)
    with pytest.raises(ValueError, match=r"\(8, 12\) takes rows of width 8"):
        b.feed_forward(X[:, :6], p)
    with pytest.raises(ValueError, match="'swish' is none of relu, gelu, gelu_tanh"):
        b.feed_forward(X, p, "swish")
    with pytest.raises(ValueError, match=r"swiglu: X \(5, 6\) has rows of width 6, and W_gate"):
        b.swiglu(X[:, :6], {"W_gate": p["W1"]})
    with pytest.raises(ValueError, match="block: order is 'pre' or 'post', not 'after'"):
        b.block(X, p, 2, order="after")

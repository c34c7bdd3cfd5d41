"""The mathematics of chapter 18's snippets: PyTorch's word, edges, errors."""

import numpy as np
import pytest
import torch
from snippet_modules import load

SEED = 42

rms = load("rms_norm")
swiglu = load("swiglu")
numpy_block = load("transformer_block")
torch_block = load("transformer_block_torch")


@pytest.mark.parametrize("shape", [(5,), (3, 4), (2, 3, 8)])
def test_rms_norm_equals_pytorchs_forward_and_backward(shape):
    rng = np.random.default_rng(SEED)
    x, d_y = rng.normal(size=(2, *shape))
    gamma = rng.normal(size=shape[-1])
    torch_x, torch_gamma = (torch.tensor(a, requires_grad=True) for a in (x, gamma))
    torch_y = torch.nn.functional.rms_norm(torch_x, shape[-1:], torch_gamma, eps=1e-6)
    torch_y.backward(torch.tensor(d_y))
    y, cache = rms.rms_norm(x, gamma)
    d_x, d_gamma = rms.rms_norm_backward(d_y, cache)
    np.testing.assert_allclose(y, torch_y.detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(d_x, torch_x.grad.numpy(), atol=1e-12)
    np.testing.assert_allclose(d_gamma, torch_gamma.grad.numpy(), atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_rms_norm_keeps_the_type_and_does_not_overflow(dtype):
    y, _ = rms.rms_norm(np.array([[3e4, -4e4]], dtype=dtype), np.ones(2, dtype=dtype))
    assert y.dtype == dtype
    np.testing.assert_allclose(y, [[0.6 * 2**0.5, -0.8 * 2**0.5]], rtol=1e-3)


def test_rms_norm_refuses_another_width():
    with pytest.raises(ValueError, match=r"\(2, 3\) needs gamma of shape \(3,\), not \(2,\)"):
        rms.rms_norm(np.ones((2, 3)), np.ones(2))


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4)])
def test_swiglu_equals_pytorch_forward_and_backward(shape):
    rng = np.random.default_rng(SEED)
    x, d_y = rng.normal(size=(2, *shape))
    weights = [rng.normal(size=size) for size in ((4, 6), (4, 6), (6, 4))]
    tensors = [torch.tensor(a, requires_grad=True) for a in (x, *weights)]
    t_x, gate, up, down = tensors
    t_y = torch.nn.functional.silu(t_x @ gate) * (t_x @ up) @ down
    t_y.backward(torch.tensor(d_y))
    y, cache = swiglu.swiglu(x, *weights)
    np.testing.assert_allclose(y, t_y.detach().numpy(), atol=1e-12)
    for ours, tensor in zip(swiglu.swiglu_backward(d_y, cache), tensors, strict=True):
        np.testing.assert_allclose(ours, tensor.grad.numpy(), atol=1e-12)


def test_swiglu_takes_large_gates():
    one = np.eye(1)
    y, _ = swiglu.swiglu(np.array([[-1e4], [1e4]]), one, one, one)
    np.testing.assert_array_equal(y, [[0], [1e8]])


def test_swiglu_refuses_nn_linears_layout():
    with pytest.raises(ValueError, match=r"Transpose nn\.Linear's weights"):
        swiglu.swiglu(np.ones((2, 4)), np.ones((6, 4)), np.ones((6, 4)), np.ones((4, 6)))
    with pytest.raises(ValueError, match=r"w_down \(\(4, 6\), \(4, 5\), \(6, 4\)\)"):
        swiglu.swiglu(np.ones((2, 4)), np.ones((4, 6)), np.ones((4, 5)), np.ones((6, 4)))


@pytest.mark.parametrize(
    ("d", "multiple", "width"), [(4096, 256, 11_008), (5120, 256, 13_824), (96, 32, 256)]
)
def test_the_hidden_width_is_llamas(d, multiple, width):
    assert swiglu.hidden_width(d, multiple) == width
    assert swiglu.hidden_width(24) == 64


@pytest.mark.parametrize("pre", [True, False])
@pytest.mark.parametrize("causal", [True, False])
def test_the_numpy_block_equals_pytorchs_layer(pre, causal):
    rng = np.random.default_rng(SEED)
    p = numpy_block.new_block(8, 12, 3, rng)
    p = {k: rng.normal(0, 0.5, a.shape) for k, a in p.items()}
    x = rng.normal(size=(2, 5, 8))
    layer = torch.nn.TransformerEncoderLayer(
        8, 2, 12, dropout=0.0, batch_first=True, norm_first=pre, dtype=torch.float64
    )
    copies = {
        "self_attn.in_proj_weight": np.hstack([p["w_q"], p["w_k"], p["w_v"]]).T,
        "self_attn.in_proj_bias": np.hstack([p["b_q"], p["b_k"], p["b_v"]]),
        "self_attn.out_proj.weight": p["w_o"].T,
        "self_attn.out_proj.bias": p["b_o"],
        "linear1.weight": p["w1"].T,
        "linear1.bias": p["b1"],
        "linear2.weight": p["w2"].T,
        "linear2.bias": p["b2"],
        "norm1.weight": p["gamma1"],
        "norm1.bias": p["beta1"],
        "norm2.weight": p["gamma2"],
        "norm2.bias": p["beta2"],
    }
    layer.load_state_dict({k: torch.tensor(v.copy()) for k, v in copies.items()})
    mask = torch.triu(torch.ones(5, 5, dtype=torch.bool), 1) if causal else None
    theirs = layer(torch.tensor(x), src_mask=mask).detach().numpy()
    ours = numpy_block.block(x, p, 2, causal, pre)
    np.testing.assert_allclose(ours, theirs, atol=1e-10)
    np.testing.assert_allclose(numpy_block.block(x[0], p, 2, causal, pre), ours[0], atol=1e-12)


def test_a_new_numpy_block_has_gpt2s_spreads():
    p = numpy_block.new_block(64, 256, 8, np.random.default_rng(SEED))
    assert p["w_q"].std() == pytest.approx(0.02, rel=0.05)
    assert p["w2"].std() == pytest.approx(0.005, rel=0.05)
    assert sum(a.size for a in p.values()) == 12 * 64**2 + 13 * 64


def test_the_numpy_block_refuses_heads_that_do_not_divide():
    with pytest.raises(ValueError, match="3 heads do not divide a width of 8"):
        numpy_block.block(np.ones((2, 8)), {}, 3)


def test_the_torch_block_is_its_formula():
    torch.manual_seed(SEED)
    block = torch_block.Block(8, 2, 12).double()
    x = torch.randn(2, 5, 8, dtype=torch.float64)
    with torch.no_grad():
        block.norm1.weight.normal_()
        n = torch.nn.functional.rms_norm(x, (8,), block.norm1.weight, 1e-6)
        q, k, v = (n @ W.T for W in block.qkv.weight.chunk(3))
        heads = []
        for h in (slice(0, 4), slice(4, 8)):
            scores = q[..., h] @ k[..., h].mT / 2
            scores = scores.masked_fill(torch.triu(torch.ones(5, 5), 1) == 1, -torch.inf)
            heads.append(scores.softmax(-1) @ v[..., h])
        s = x + torch.cat(heads, -1) @ block.out.weight.T
        n = torch.nn.functional.rms_norm(s, (8,), block.norm2.weight, 1e-6)
        gate, up = (n @ W.T for W in block.gate_up.weight.chunk(2))
        y = s + (gate * gate.sigmoid() * up) @ block.down.weight.T
        torch.testing.assert_close(block(x), y)


def test_the_torch_block_sees_the_future_only_where_it_may():
    torch.manual_seed(SEED)
    block = torch_block.Block(8, 2, 12)
    x = torch.randn(1, 5, 8)
    other = x.clone()
    other[:, -1] += 1
    assert torch.equal(block(x)[:, :-1], block(other)[:, :-1])
    assert not torch.equal(block(x, causal=False)[:, :-1], block(other, causal=False)[:, :-1])


def test_dropout_acts_in_training_only():
    torch.manual_seed(SEED)
    block = torch_block.Block(8, 2, 12, dropout=1.0)
    x = torch.randn(1, 5, 8)
    torch.testing.assert_close(block(x), x)
    assert not torch.equal(block.eval()(x), x)


def test_the_writers_are_scaled():
    blocks = [torch_block.Block(8, 2, 12) for _ in range(2)]
    before = [b.down.weight.detach().clone() for b in blocks]
    queries = blocks[0].qkv.weight.detach().clone()
    torch_block.scale_writers(blocks)
    for block, was in zip(blocks, before, strict=True):
        torch.testing.assert_close(block.down.weight, was / 2)
    torch.testing.assert_close(blocks[0].qkv.weight, queries)


def test_the_torch_block_refuses_heads_that_do_not_divide():
    with pytest.raises(ValueError, match="3 heads do not divide a width of 8"):
        torch_block.Block(8, 3, 12)

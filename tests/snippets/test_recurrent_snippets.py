"""The mathematics of chapter 13's snippets: properties, edges, errors, and PyTorch's word."""

import numpy as np
import pytest
import torch
from snippet_modules import load

SEED = 42

lstm_module = load("lstm_numpy")
clip_gradients = load("clip_gradients").clip_gradients
rnn_from_torch = load("rnn_from_torch")


@pytest.mark.parametrize(("batch", "time", "inputs", "units"), [(1, 1, 1, 1), (3, 6, 4, 5)])
def test_the_lstm_gives_pytorchs_numbers(batch, time, inputs, units):
    torch.manual_seed(SEED)
    cell = torch.nn.LSTM(inputs, units, batch_first=True, dtype=torch.float64)
    x = torch.randn(batch, time, inputs, dtype=torch.float64)
    h, c = torch.randn(2, 1, batch, units, dtype=torch.float64)
    weights = [p.detach().numpy() for p in cell.parameters()]
    bias = weights[2] + weights[3]
    states, (h_ours, c_ours) = lstm_module.lstm(
        x.numpy(), *weights[:2], bias, h[0].numpy(), c[0].numpy()
    )
    theirs, (h_last, c_last) = cell(x, (h, c))
    np.testing.assert_allclose(states, theirs.detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(h_ours, h_last[0].detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(c_ours, c_last[0].detach().numpy(), atol=1e-12)
    from_zeros, _ = lstm_module.lstm(x.numpy(), *weights[:2], bias)
    np.testing.assert_allclose(from_zeros, cell(x)[0].detach().numpy(), atol=1e-12)


def test_the_lstms_sigmoid_does_not_overflow():
    assert lstm_module.sigmoid(np.array([-1e4, 0.0, 1e4])).tolist() == [0, 0.5, 1]


def test_the_lstm_says_which_shapes_do_not_fit():
    x, w_ih, w_hh = np.zeros((1, 2, 3)), np.zeros((8, 3)), np.zeros((8, 2))
    with pytest.raises(ValueError, match=r"w_ih \(3, 8\), w_hh \(8, 2\) and x \(1, 2, 3\)"):
        lstm_module.lstm(x, w_ih.T, w_hh, np.zeros(8))
    with pytest.raises(ValueError, match=r"w_hh \(2, 8\)"):
        lstm_module.lstm(x, w_ih, w_hh.T, np.zeros(8))
    with pytest.raises(ValueError, match=r"w_hh \(6, 2\)"):
        lstm_module.lstm(x, w_ih, w_hh[:6], np.zeros(8))


@pytest.mark.parametrize("most", [0.5, 3.0, 100.0])
def test_clipping_agrees_with_pytorch(most):
    rng = np.random.default_rng(SEED)
    grads = [rng.normal(size=(3, 4)), rng.normal(size=5)]
    weights = [torch.nn.Parameter(torch.zeros(g.shape, dtype=torch.float64)) for g in grads]
    for weight, g in zip(weights, grads, strict=True):
        weight.grad = torch.tensor(g)
    theirs = torch.nn.utils.clip_grad_norm_(weights, most)
    assert clip_gradients(grads, most) == pytest.approx(theirs.item())
    for weight, g in zip(weights, grads, strict=True):
        np.testing.assert_allclose(g, weight.grad.numpy(), rtol=1e-5)


def test_clipping_takes_dictionaries_zeros_and_small_types():
    grads = {"a": np.array([3e4, 4e4], np.float16), "b": np.zeros(2)}
    assert clip_gradients(grads, 1.0) == pytest.approx(5e4, rel=1e-3)
    np.testing.assert_allclose(grads["a"].astype(float), [0.6, 0.8], atol=2e-3)
    assert clip_gradients([np.zeros(3)], 1.0) == 0
    short = [np.array([0.6, 0.8])]
    clip_gradients(short, 1.0)
    np.testing.assert_array_equal(short[0], [0.6, 0.8])


def test_clipping_refuses_what_has_no_direction():
    for bad in (np.inf, np.nan):
        grads = [np.array([1.0, bad])]
        with pytest.raises(ValueError, match="skip this step"):
            clip_gradients(grads, 1.0)
        assert grads[0][0] == 1
    for most in (0, -1, np.nan):
        with pytest.raises(ValueError, match="above 0"):
            clip_gradients([np.ones(2)], most)


@pytest.mark.parametrize(("layers", "bias"), [(1, True), (3, True), (2, False)])
def test_an_rnn_runs_without_pytorch(layers, bias):
    torch.manual_seed(SEED)
    rnn = torch.nn.RNN(3, 4, num_layers=layers, bias=bias, batch_first=True, dtype=torch.float64)
    x = torch.randn(2, 6, 3, dtype=torch.float64)
    ours = rnn_from_torch.run_rnn(x.numpy(), rnn_from_torch.rnn_weights(rnn))
    np.testing.assert_allclose(ours, rnn(x)[0].detach().numpy(), atol=1e-12)


def test_weights_taken_out_are_copies_of_their_type():
    rnn = torch.nn.RNN(3, 4)
    ((W_x, W_h, b),) = rnn_from_torch.rnn_weights(rnn)
    assert (W_x.shape, W_h.shape, b.shape) == ((3, 4), (4, 4), (4,))
    assert W_x.dtype == W_h.dtype == b.dtype == np.float32
    W_x[:] = 7
    assert rnn.weight_ih_l0.max() < 7


def test_other_kinds_of_rnn_are_refused():
    with pytest.raises(ValueError, match="only tanh"):
        rnn_from_torch.rnn_weights(torch.nn.RNN(3, 4, nonlinearity="relu"))
    with pytest.raises(ValueError, match="one direction"):
        rnn_from_torch.rnn_weights(torch.nn.RNN(3, 4, bidirectional=True))

"""An LSTM in NumPy that gives the numbers of torch.nn.LSTM with the same weights."""

import numpy as np


def sigmoid(z):
    return 0.5 + 0.5 * np.tanh(0.5 * z)  # never overflows


def lstm(x, w_ih, w_hh, bias, h=None, c=None):
    """All states (batch, time, units) of x (batch, time, inputs); the last (h, c).

    Weights as PyTorch stores them: w_ih (4 * units, inputs), w_hh (4 * units, units),
    in the order input, forget, new, output; `bias` (4 * units,) is b_ih + b_hh. The
    start h, c (batch, units) is zeros; give the last (h, c) back in to go on reading.
    """
    units = np.shape(w_hh)[1]
    if (
        np.shape(w_ih) != (4 * units, np.shape(x)[-1])
        or np.shape(w_hh)[0] != 4 * units
    ):
        shapes = np.shape(w_ih), np.shape(w_hh), np.shape(x)
        raise ValueError("lstm: w_ih {}, w_hh {} and x {} do not fit".format(*shapes))
    h = np.zeros((len(x), units)) if h is None else h
    c = np.zeros((len(x), units)) if c is None else c
    from_inputs = x @ w_ih.T + bias  # all steps in one product
    states = []
    for t in range(x.shape[1]):
        i, f, g, o = np.split(from_inputs[:, t] + h @ w_hh.T, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        states.append(h)
    return np.stack(states, axis=1), (h, c)


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    w_ih, w_hh, bias = (
        rng.normal(size=(12, 2)),
        rng.normal(size=(12, 3)),
        np.zeros(12),
    )
    x = rng.normal(size=(1, 4, 2))
    whole, _ = lstm(x, w_ih, w_hh, bias)
    print(whole[0].round(3))
    first, (h, c) = lstm(x[:, :2], w_ih, w_hh, bias)
    second, _ = lstm(x[:, 2:], w_ih, w_hh, bias, h, c)
    print("in two pieces, the same:", np.allclose(whole[:, 2:], second))

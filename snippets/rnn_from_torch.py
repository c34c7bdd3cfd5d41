"""Run a trained torch.nn.RNN in NumPy alone, with any number of layers."""

import numpy as np
import torch


def rnn_weights(rnn):
    """A list of (W_x, W_h, b), one for each layer, from a torch.nn.RNN with tanh.

    W_x (inputs, units) and W_h (units, units) are PyTorch's transposed, and b is the
    sum of its two biases. Raises ValueError for another activation or two directions.
    """
    if rnn.nonlinearity != "tanh" or rnn.bidirectional:
        raise ValueError("rnn_weights: only tanh, and only in one direction")
    layers = []
    for k in range(rnn.num_layers):
        names = [f"weight_ih_l{k}", f"weight_hh_l{k}"]
        W_x, W_h = (getattr(rnn, name).detach().numpy().T.copy() for name in names)
        b = np.zeros(rnn.hidden_size, W_h.dtype)
        if rnn.bias:
            b = (
                (getattr(rnn, f"bias_ih_l{k}") + getattr(rnn, f"bias_hh_l{k}"))
                .detach()
                .numpy()
            )
        layers.append((W_x, W_h, b))
    return layers


def run_rnn(x, layers):
    """The last layer's states (batch, time, units) for `x` (batch, time, inputs)."""
    for W_x, W_h, b in layers:
        z = x @ W_x + b
        h, states = np.zeros_like(z[:, 0]), []
        for t in range(z.shape[1]):
            h = np.tanh(z[:, t] + h @ W_h)
            states.append(h)
        x = np.stack(states, axis=1)
    return x


if __name__ == "__main__":
    torch.manual_seed(0)
    rnn = torch.nn.RNN(3, 4, num_layers=2, batch_first=True)
    x = torch.randn(2, 5, 3)
    ours = run_rnn(x.numpy(), rnn_weights(rnn))
    print(ours.shape, ours.dtype)
    print("equal:", np.allclose(ours, rnn(x)[0].detach().numpy(), atol=1e-6))

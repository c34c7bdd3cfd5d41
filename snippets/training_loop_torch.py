"""A PyTorch training loop done right, and an evaluation that records nothing."""

from collections.abc import Callable

import torch
from torch import nn


def evaluate(
    model: nn.Module, loss_function: Callable, X: torch.Tensor, y: torch.Tensor
) -> float:
    """The loss as a float; nothing is recorded, and the mode is given back."""
    was_training = model.training
    model.eval()
    with torch.no_grad():
        loss = loss_function(model(X), y).item()
    model.train(was_training)
    return loss


def train(
    model: nn.Module,
    loss_function: Callable,
    optimiser: torch.optim.Optimizer,
    X: torch.Tensor,
    y: torch.Tensor,
    epochs: int,
    batch_size: int,
    generator: torch.Generator,
) -> list[float]:
    """Trains in shuffled mini-batches; the mean loss of each epoch, as floats.

    Raises ValueError where X and y differ in length, and FloatingPointError at the
    first loss that is not finite.
    """
    if len(X) != len(y):
        raise ValueError(f"train: {len(X)} examples and {len(y)} targets")
    history = []
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for batch in torch.randperm(len(X), generator=generator).split(batch_size):
            optimiser.zero_grad()
            loss = loss_function(model(X[batch]), y[batch])
            if not torch.isfinite(loss):
                raise FloatingPointError(
                    f"train: loss {loss.item()} in epoch {epoch}"
                )
            loss.backward()
            optimiser.step()
            total += loss.item() * len(batch)  # a number, without a graph
        history.append(total / len(X))
    return history


if __name__ == "__main__":
    generator = torch.Generator().manual_seed(42)
    X = torch.randn(64, 3, generator=generator)
    y = X @ torch.tensor([[1.0], [-2.0], [0.5]]) + 0.3
    model = nn.Linear(3, 1)
    for p in model.parameters():
        nn.init.zeros_(p)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    history = train(model, nn.functional.mse_loss, optimiser, X, y, 50, 16, generator)
    print("epochs", len(history), " fell:", history[-1] < 1e-3 < history[0])
    print("weights", [round(w, 2) for w in model.weight[0].tolist()])
    loss = evaluate(model, nn.functional.mse_loss, X, y)
    print("evaluated below 0.001:", loss < 1e-3)

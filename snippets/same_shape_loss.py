"""A mean squared error in PyTorch that refuses a column against a row."""

import torch


def mse(predicted: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """The mean of the squared differences; both tensors must have one shape.

    torch.nn.functional.mse_loss only warns for shapes (n, 1) and (n,), then compares
    every prediction with every target. Raises ValueError instead.
    """
    if predicted.shape != target.shape:
        shapes = f"{tuple(predicted.shape)} and {tuple(target.shape)}"
        hint = ""
        if predicted.squeeze().shape == target.squeeze().shape:
            hint = "; predicted.reshape(target.shape) would fit"
        raise ValueError(f"mse: shapes differ: {shapes}{hint}")
    return ((predicted - target) ** 2).mean()


if __name__ == "__main__":
    target = torch.tensor([1.0, 2.0, 4.0])
    predicted = torch.tensor([[1.0], [2.0], [5.0]])  # (3, 1), as a network gives it
    try:
        mse(predicted, target)
    except ValueError as error:
        print(error)
    print(f"{mse(predicted.reshape(target.shape), target).item():.4f}")

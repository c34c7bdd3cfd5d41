"""Sizes of signals and gradients by layer in a PyTorch model: do they vanish?"""

from collections.abc import Callable

import torch
from torch import nn


def layer_flow(
    model: nn.Module,
    loss_of: Callable[[nn.Module], torch.Tensor],
    kinds: tuple[type, ...] = (nn.Linear,),
) -> list[tuple[str, float, float]]:
    """Name, RMS of the output and RMS of the loss's gradient by it, for each layer.

    `loss_of(model)` runs the model once and gives a loss of one number. `kinds` are
    the modules to look at. No parameter and no .grad is changed. Raises ValueError
    where no such module runs.
    """
    seen = []

    def hook_for(name):
        def hook(module, inputs, output):
            seen.append((name, output, output.detach().pow(2).mean().sqrt().item()))

        return hook

    hooks = [
        module.register_forward_hook(hook_for(name))
        for name, module in model.named_modules()
        if isinstance(module, kinds)
    ]
    try:
        loss = loss_of(model)
    finally:
        for hook in hooks:
            hook.remove()
    if not seen:
        raise ValueError(f"layer_flow: no module of {kinds} ran")
    outputs = [output for _, output, _ in seen]
    gradients = torch.autograd.grad(loss, outputs, materialize_grads=True)
    return [
        (name, size, gradient.pow(2).mean().sqrt().item())
        for (name, _, size), gradient in zip(seen, gradients, strict=True)
    ]


if __name__ == "__main__":
    generator = torch.Generator().manual_seed(42)
    x, weights = torch.randn(2, 64, 100, generator=generator)
    layers = [m for _ in range(20) for m in (nn.Linear(100, 100), nn.ReLU())]
    model = nn.Sequential(*layers)
    for rule, scale in (("PyTorch's default", 1 / 3), ("He", 2)):
        for module in model:
            if isinstance(module, nn.Linear):
                std = (scale / module.in_features) ** 0.5
                nn.init.normal_(module.weight, std=std, generator=generator)
                nn.init.zeros_(module.bias)
        flow = layer_flow(model, lambda model: (model(x) * weights).sum())
        print(f"{rule}: RMS of signal and gradient")
        for name, signal, gradient in (flow[0], flow[-1]):
            print(f"  layer {name:<3} {signal:.0e}  {gradient:.0e}")

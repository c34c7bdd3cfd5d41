"""Count the dead ReLUs of a PyTorch model: units that are 0 on every input."""

import torch
from torch import nn


def dead_relus(model: nn.Module, x: torch.Tensor) -> dict[str, tuple[int, int]]:
    """Dead and all units of each nn.ReLU of `model`, on the inputs `x`, by name.

    A unit is an entry of the last axis; it is dead if it is 0 on all the others. The
    model is run once, as it is (so call model.eval() first if it has dropout). Raises
    ValueError where no nn.ReLU runs: functions such as torch.relu cannot be seen.
    """
    counts = {}

    def hook_for(name):
        def hook(module, inputs, output):
            zero = (output == 0).reshape(-1, output.shape[-1]).all(dim=0)
            counts[name] = int(zero.sum()), zero.numel()

        return hook

    hooks = [
        module.register_forward_hook(hook_for(name))
        for name, module in model.named_modules()
        if isinstance(module, nn.ReLU)
    ]
    try:
        with torch.no_grad():
            model(x)
    finally:
        for hook in hooks:
            hook.remove()
    if not counts:
        raise ValueError("dead_relus: no nn.ReLU ran in this model")
    return counts


if __name__ == "__main__":
    model = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 3), nn.ReLU())
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[1.0, 0], [0, 1], [-1, 0], [-1, -1]]))
        model[0].bias.copy_(torch.tensor([0.0, -2, 0, 0]))
        model[2].weight.fill_(1.0)
        model[2].bias.copy_(torch.tensor([0.0, -5, 1]))
    x = torch.rand(100, 2, generator=torch.Generator().manual_seed(42))  # 0 to 1
    for name, (dead, units) in dead_relus(model, x).items():
        print(f"layer {name}: {dead} of {units} units dead")

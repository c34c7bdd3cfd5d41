"""What a PyTorch model's parameters are: name, shape, how many, how large."""

import torch


def parameter_table(model: torch.nn.Module) -> str:
    """One line a parameter and a total. Shared parameters are counted once.

    A star marks parameters that are not trained.
    """
    lines, total, size = [], 0, 0
    for name, p in model.named_parameters():
        star = "" if p.requires_grad else " *"
        lines.append((name + star, str(tuple(p.shape)), f"{p.numel():,}"))
        total += p.numel()
        size += p.numel() * p.element_size()
    lines.append(("total", f"{size:,} bytes", f"{total:,}"))
    widths = [max(len(line[at]) for line in lines) for at in range(3)]
    return "\n".join(
        f"{name:<{widths[0]}}  {shape:<{widths[1]}}  {number:>{widths[2]}}"
        for name, shape, number in lines
    )


if __name__ == "__main__":
    model = torch.nn.Sequential(
        torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2)
    )
    model[0].bias.requires_grad_(False)
    print(parameter_table(model))

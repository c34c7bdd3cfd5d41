"""Answers to chapter 5's exercises that the page does not show: each diagnosis is earned by one.

The page shows the likeliest mistakes. Here are others that readers make, and right answers of other
types and ways, which a check must accept.
"""

import numpy as np
import pytest

PAGE = "docs/foundations/backpropagation.md"


def paper(d_w="24", d_b="8", d_x="16") -> str:
    return f"d_w, d_b, d_x = {d_w}, {d_b}, {d_x}"


def silu(result: str) -> str:
    return (
        "def silu_backward(d_A, Z):\n    s, t = sigmoid(Z), sigmoid_slope(Z)\n"
        "    right = d_A * (s + Z * t)\n"
        f"    {result}"
    )


def letters(**answers) -> str:
    right = {"a": False, "b": True, "c": True, "d": False, "e": True}
    return f"answers = {right | answers}"


def line(result: str) -> str:
    return (
        "def mse_gradients(X, y, W, b):\n    n = len(y)\n    d_Y = 2 * (X @ W + b - y) / n\n"
        "    d_W, d_b = X.T @ d_Y, d_Y.sum(axis=0)\n"
        f"    {result}"
    )


def classes(result: str) -> str:
    return (
        "def cross_entropy_backward(logits, targets):\n    n, k = logits.shape\n"
        "    p, hot = np.exp(log_softmax(logits)), np.eye(k)[targets]\n"
        f"    {result}"
    )


def twice(result: str) -> str:
    return (
        "def twice_backward(d_Y, X, W):\n    H = relu(X @ W)\n    d_H = d_Y @ W.T\n"
        "    d_Z = d_H * (H > 0)\n    d_X, d_W = d_Z @ W.T, H.T @ d_Y + X.T @ d_Z\n"
        f"    {result}"
    )


@pytest.mark.parametrize(
    ("number", "code", "diagnosis"),
    [
        ("5.1", paper(d_x="None"), "d_x is still None"),
        ("5.1", paper(d_w="'24'"), "d_w is one number, not '24'"),
        ("5.1", paper(d_b="[8]"), "d_b is one number, not [8]"),
        ("5.1", paper(d_b="np.array([8])"), "d_b is one number, not array([8])"),
        ("5.1", paper(d_b="16"), "16 is the loss"),
        ("5.1", paper(d_b="-8"), "the sign: r = wx + b − y"),
        ("5.1", paper(d_b="1"), "d_b is not 1"),
        ("5.1", paper(d_w="12"), "d_w is not 12"),
        ("5.1", paper(d_w="16"), "d_w is not 16"),
        ("5.1", paper(d_x="8"), "d_x is not 8"),
        ("5.1", paper(d_x="24"), "d_x is not 24"),
        ("5.1", paper(d_x="16.000004"), "d_x is not 16"),
        ("5.2", silu("right"), "silu_backward gives None"),
        ("5.2", silu("Z *= 2; return right"), "changes an argument"),
        ("5.2", silu("return right.sum()"), "the shape of Z, not ()"),
        ("5.2", silu("return d_A * Z * t"), "σ(z) times the slope of z is missing"),
        ("5.2", silu("return d_A * (s - Z * t)"), "the product rule has a plus"),
        ("5.2", silu("return d_A * (s + Z * s)"), "σ' is σ (1 − σ)"),
        ("5.2", silu("return right + 1e-4"), "for Z = ["),
        ("5.2", silu("return -right"), "for Z = ["),
        (
            "5.2",
            silu("return right if Z.ndim == 2 else right.sum(axis=0) * np.ones_like(Z)"),
            "wrong for shape (4,)",
        ),
        (
            "5.2",
            silu("return right if Z.ndim < 3 else d_A * s"),
            "wrong for shape (2, 3, 5)",
        ),
        ("5.3", "answers = [False, True, True, False, True]", "keep the starter's form"),
        ("5.3", "answers = {'a': False}", "keep the starter's form"),
        ("5.3", letters(c=None), "not answered yet: c"),
        ("5.3", letters(b="True"), "b: answer True or False, not 'True'"),
        ("5.3", letters(b=False), "b: Xᵀ d_Y is"),
        ("5.3", letters(d=True), "d: it must know which units were on"),
        ("5.4", line("d_W"), "mse_gradients gives None"),
        ("5.4", line("return d_W"), "return d_W, d_b"),
        ("5.4", line("return d_W, d_b, d_Y"), "return d_W, d_b"),
        ("5.4", line("X *= 1.5; return d_W, d_b"), "mse_gradients changes X"),
        ("5.4", line("y *= 1.5; return d_W, d_b"), "mse_gradients changes y"),
        ("5.4", line("W -= 0.1 * d_W; return d_W, d_b"), "mse_gradients changes W"),
        ("5.4", line("b -= 0.1 * d_b; return d_W, d_b"), "mse_gradients changes b"),
        ("5.4", line("return d_W[:, 0], d_b"), "d_W has the shape of W, (3, 1): (3,)"),
        ("5.4", line("return d_W, d_Y"), "d_b has the shape of b, (1,): (5, 1)"),
        ("5.4", line("return d_W / 2, d_b / 2"), "half of it"),
        ("5.4", line("return d_W * n / 2, d_b * n / 2"), "too large by n/2"),
        ("5.4", line("return d_W + 1e-4, d_b"), "d_W is not Xᵀ d_Y for shape (5, 3)"),
        ("5.4", line("return d_W * (1 + (n == 4) / 3), d_b"), "for shape (4, 1)"),
        ("5.4", line("return d_W, d_b + 1e-4"), "and yours is"),
        ("5.4", line("return d_W, -d_b"), "and yours is"),
        ("5.5", classes("p"), "gives None"),
        ("5.5", classes("logits -= 1; return p"), "changes an argument"),
        ("5.5", classes("targets[0] = 1 - targets[0]; return p"), "changes an argument"),
        ("5.5", classes("return (p - hot).sum() / n"), "shaped like the logits, not ()"),
        ("5.5", classes("return p / n"), "the targets are missing"),
        ("5.5", classes("return (hot - p) / n"), "the sign"),
        ("5.5", classes("return (p - hot) / k"), "for shape (3, 4) the first row is"),
        ("5.5", classes("return (p - hot) / n + 1e-4"), "for shape (3, 4) the first row is"),
        (
            "5.5",
            classes("return (p - hot) / n * (1 + (k == 6))"),
            "for shape (4, 6) the first row is",
        ),
        (
            "5.5",
            classes(
                "return (np.nan_to_num(np.exp(logits) / np.exp(logits).sum(1)[:, None]) - hot) / n"
            ),
            "for logits of 1,000 and 0: 1, −1, not [[ 0. -1.]]",
        ),
        ("5.6", twice("d_X"), "twice_backward gives None"),
        ("5.6", twice("return d_W"), "return d_X, d_W"),
        ("5.6", twice("return d_X, d_W, d_Z"), "return d_X, d_W"),
        ("5.6", twice("d_Y += 1; return d_X, d_W"), "changes an argument"),
        ("5.6", twice("X += 1; return d_X, d_W"), "changes an argument"),
        ("5.6", twice("W += 1; return d_X, d_W"), "changes an argument"),
        ("5.6", twice("return d_X[0], d_W"), "d_X like X and d_W like W"),
        ("5.6", twice("return d_X, d_W[0]"), "d_X like X and d_W like W"),
        ("5.6", twice("return d_X + 1e-4, d_W"), "d_X for shape (4, 3) is not"),
        ("5.6", twice("return d_X * (1 + (len(X) == 1)), d_W"), "d_X for shape (1, 5) is not"),
        ("5.6", twice("return d_X, X.T @ d_Z"), "the first use alone"),
        ("5.6", twice("return d_X, H.T @ d_Y + X.T @ d_H"), "in the first use the ReLU"),
        ("5.6", twice("return d_X, d_W / 2"), "the two uses add up"),
        ("5.6", twice("return d_X, d_W.T"), "turned round: H.T @ d_Y"),
        ("5.6", twice("return d_X, d_W + 1e-4"), "d_W for shape (4, 3) is not"),
        ("5.6", twice("return d_X, d_W * (1 + (len(X) == 2))"), "d_W for shape (2, 2) is not"),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong_with_it(answered, number, code, diagnosis):
    with pytest.raises(AssertionError) as told:
        answered(number, code)
    assert diagnosis in str(told.value)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("5.1", paper("24.0", "np.int64(8)", "np.float64(16)")),
        ("5.1", paper("24.0000001", "7.9999999", "15.9999999")),  # measured, not rounded
        ("5.1", paper("np.array(24.0)")),
        ("5.2", silu("return right.tolist()")),
        ("5.2", silu("return d_A * s * (1 + Z - Z * s)")),
        ("5.3", letters(b="np.bool_(True)").replace("'np.bool_(True)'", "np.bool_(True)")),
        ("5.4", line("return [d_W.tolist(), d_b.tolist()]")),
        ("5.4", line("return np.einsum('nd,no->do', X, d_Y), np.ones(n) @ d_Y")),
        (
            "5.4",
            "def mse_gradients(X, y, W, b):\n"
            "    loss = lambda W, b: np.mean((X @ W + b - y) ** 2)\n"
            "    d_W = numerical_gradient(lambda W: loss(W, b), W)\n"
            "    return d_W, numerical_gradient(lambda b: loss(W, b), b)",
        ),
        ("5.5", classes("return ((p - hot) / n).tolist()")),
        (
            "5.5",
            "def cross_entropy_backward(logits, targets):\n"
            "    powers = np.exp(logits - logits.max(axis=1, keepdims=True))\n"
            "    p = powers / powers.sum(axis=1, keepdims=True)\n"
            "    p[np.arange(len(targets)), targets] -= 1\n"
            "    return p / len(targets)",
        ),
        ("5.6", twice("return [d_X.tolist(), d_W.tolist()]")),
        ("5.6", twice("return (W @ d_Z.T).T, (d_Y.T @ H).T + (d_Z.T @ X).T")),
    ],
)
def test_a_right_answer_of_another_type_or_way_is_accepted(answered, number, code, capsys):
    answered(number, code)
    assert capsys.readouterr().out.startswith("Right")


def test_what_the_table_of_slips_prints_does_not_depend_on_last_bits(run):
    """Other computers round otherwise: start each slip from weights changed by parts in 10¹²."""
    page = run.namespace
    for gradients in page["slips"]:
        printed = set()
        chaotic = gradients.__name__ == "without_relu"
        for seed in range(20 if chaotic else 2):
            rng = np.random.default_rng(seed)
            params = {
                name: p * (1 + 1e-12 * rng.normal(size=p.shape))
                for name, p in page["start"](4, np.random.default_rng(42)).items()
            }
            _, losses = page["train"](page["X"], page["y"], params, gradients=gradients)
            printed.add(f"{losses[-1]:.2g}")
        assert printed == {f"{page['report'][gradients.__name__][1]:.2g}"}

"""Answers to chapter 8's exercises that the page does not show: each diagnosis is earned by one.

The page shows the likeliest mistakes. Here are others that readers make, and right answers of other
types and ways, which a check must accept.
"""

import pytest

PAGE = "docs/foundations/autograd.md"


def paper(**changed) -> str:
    values = {"u": 6, "v": 4, "L": 8}
    slopes = {"v": 2, "u": 2, "a": 4, "b": 8}
    for name, number in changed.items():
        kind, letter = name.split("_")
        {"value": values, "d": slopes}[kind][letter] = number
    return f"values = {values}\nslopes = {slopes}"


def linear(*lines: str) -> str:
    start = [
        "layer = nn.Linear(*W.shape)",
        "layer.weight = nn.Parameter(torch.tensor(W.T))",
        "layer.bias = nn.Parameter(torch.tensor(b))",
    ]
    return "def to_linear(W, b):\n    " + "\n    ".join([*start, *lines])


def letters(**answers) -> str:
    right = {"a": 12, "b": 3, "c": "error", "d": 9, "e": 5}
    return f"answers = {right | answers}"


def sigmoid(rule: str, value: str = "sigmoid(a.data)") -> str:
    return (
        f"def sigmoid_of(a):\n    z, value = a.data, {value}\n"
        f"    return record(value, (a, lambda d: {rule}))"
    )


def loop(step: str, loss: str = "loss.item()", end: str = "weights.data, losses") -> str:
    return f"""def fit(X, y, W, steps, rate):
    weights, losses = Tensor(W, requires_grad=True), []
    for _ in range(steps):
        loss = ((X @ weights - y) ** 2).mean()
        weights.grad = None
        loss.backward()
        {step}
        losses.append({loss})
    return {end}
"""


STEP = "weights.data = weights.data - rate * weights.grad"


def softmax(rule: str, axis: str = "-1") -> str:
    return (
        "def softmax_of(a):\n"
        f"    powers = np.exp(a.data - a.data.max(axis={axis}, keepdims=True))\n"
        f"    p = powers / powers.sum(axis={axis}, keepdims=True)\n"
        "    rows = lambda x: x.sum(axis=-1, keepdims=True)\n"
        f"    return record(p, (a, lambda d: {rule}))"
    )


@pytest.mark.parametrize(
    ("number", "code", "diagnosis"),
    [
        ("8.1", "values = [6, 4, 8]\nslopes = {}", "keep the starter's form: a number for each of"),
        ("8.1", paper(d_a=None), "a is still None"),
        ("8.1", paper(d_a="4"), "a is one number, not '4'"),
        ("8.1", paper(value_u=5), "forward: u is not 5"),
        ("8.1", paper(value_v=8), "forward: v is not 8"),
        ("8.1", paper(value_L=6), "forward: L is not 6"),
        ("8.1", paper(d_v=1), "d_v is not 1: L = v b, so it is b"),
        ("8.1", paper(d_u=-2), "d_u is not -2"),
        ("8.1", paper(d_a=6), "d_a is not 6: it is b times d_u"),
        ("8.1", paper(d_b=4), "the share from L = v b alone, or the two others"),
        ("8.1", paper(d_b=-2), "only the share from v = u - b"),
        ("8.1", paper(d_b=10), "the direct use in v = u - b is missing"),
        ("8.1", paper(d_b=2), "the use in u = a b is missing"),
        ("8.1", paper(d_b=9), "d_b is not 9: add its three shares"),
        (
            "8.2",
            "def to_linear(W, b):\n    layer = nn.Linear(*W.shape).double()\n"
            "    with torch.no_grad():\n        layer.weight.copy_(torch.tensor(W))\n"
            "        layer.bias.copy_(torch.tensor(b))\n    return layer",
            "the .T is missing",
        ),
        ("8.2", linear("layer.weight.copy_(torch.tensor(W.T))", "return layer"), "PyTorch says: a"),
        ("8.2", "def to_linear(W, b):\n    return nn.Linear(W)", "PyTorch says: "),
        ("8.2", linear("pass"), "return an nn.Linear, not None"),
        ("8.2", linear("return layer.weight"), "return an nn.Linear"),
        ("8.2", linear("return layer.float()"), "make the layer double"),
        ("8.2", linear("return layer.requires_grad_(False)"), "cannot be trained"),
        ("8.2", linear("layer.bias = None", "return layer"), "and there is a bias"),
        (
            "8.2",
            "def to_linear(W, b):\n    return nn.Linear(3, 3).double()",
            "weight has shape (d_out, d_in)",
        ),
        ("8.2", linear("layer.bias.data += 1", "return layer"), "and the bias is not b"),
        ("8.2", linear("layer.bias.data *= 1.01", "return layer"), "and the bias is not b"),
        (
            "8.2",
            linear("layer.weight.data *= 1.01", "return layer"),
            "not X @ W + b; copy W.T and b in",
        ),
        ("8.2", linear("W *= 2", "return layer"), "to_linear changes W or b"),
        (
            "8.2",
            linear("layer.bias = nn.Parameter(torch.from_numpy(b))", "return layer"),
            "training changes W or b",
        ),
        ("8.3", "answers = [12, 3, 0, 9, 5]", "keep the starter's form"),
        ("8.3", letters(d=None), "not answered yet: d"),
        ("8.3", letters(c="nothing"), 'c: a number, "None" or "error", not \'nothing\''),
        ("8.3", letters(a=36), "a: two backward passes, 6 each"),
        ("8.3", letters(b=9), "b: the slope of w times the constant 3"),
        ("8.3", letters(c="None"), "c: nothing wants a gradient"),
        ("8.3", letters(c=0), "c: nothing wants a gradient"),
        ("8.3", letters(d="error"), "d: the slope of 9 w"),
        ("8.3", letters(e=11), "e: the 6 was cleared"),
        ("8.3", letters(e="None"), "e: cleared, then the slope of 5 w"),
        ("8.4", "def sigmoid_of(a):\n    return sigmoid(a.data)", "return a Tensor, not"),
        ("8.4", sigmoid("d * value * (1 - value)", "np.tanh(z := a.data)"), "not the sigmoid's"),
        ("8.4", sigmoid("d * value"), "the second factor is missing"),
        ("8.4", sigmoid("d * (1 - value**2)"), "1 − value² is the slope of tanh"),
        ("8.4", sigmoid("d * (1 - value)"), "wrong gradient"),
        ("8.4", sigmoid("d * z * (1 - z)"), "not z (1 − z)"),
        ("8.4", sigmoid("1.001 * d * value * (1 - value)"), "wrong gradient"),
        (
            "8.4",
            "def sigmoid_of(a):\n    s = sigmoid(a.data)\n"
            "    return Tensor(s, True, ((a, lambda d: d * s * (1 - s)),))",
            "inside no_grad it still records",
        ),
        ("8.4", sigmoid("d").replace("(a, lambda d: d)", "a"), "of stops: too many indices"),
        ("8.4", sigmoid("d", "sigmoid(a)"), "NumPy wants a.data"),
        ("8.4", sigmoid("d").replace("lambda d: d", "value"), "not callable; NumPy wants a.data"),
        ("8.5", loop(STEP, "loss"), "each loss must be a float"),
        ("8.5", loop(STEP, "loss.data"), "each loss must be a float"),
        ("8.5", loop(STEP, end="weights.data"), "return the trained array and the list"),
        ("8.5", loop(STEP, end="losses"), "return the trained array and the list"),
        ("8.5", loop(STEP, end="weights, losses"), "the trained weights must be an array"),
        ("8.5", loop(STEP, end="weights.data, losses[1:]"), "1 steps, 0 losses"),
        ("8.5", loop("pass"), "the weights are where they began"),
        ("8.5", loop(STEP.replace("-", "+")), "after the first step the weights are wrong"),
        ("8.5", loop(STEP.replace("rate", "1.01 * rate")), "after the first step"),
        (
            "8.5",
            loop(STEP, "((X @ weights - y) ** 2).mean().item()"),
            "each loss is the one *before* its step",
        ),
        ("8.5", loop("with no_grad(): X @ weights + np.ones((4, 7))"), "fit stops: add: shapes"),
        ("8.6", "def softmax_of(a):\n    return a.data", "return a Tensor, not"),
        ("8.6", softmax("p * (d - rows(d * p))", "0"), "softmax along the last axis"),
        (
            "8.6",
            "def softmax_of(a):\n    e = a.exp()\n    return e[0] / e.sum(axis=-1, keepdims=True)",
            "softmax along the last axis",
        ),
        (
            "8.6",
            softmax("d * p").replace("(a, lambda", "(Tensor(0.0), lambda"),
            "no edges: give record the pair",
        ),
        ("8.6", softmax("p * (d - (d * p).sum(axis=-1))"), "(3, 4): the VJP stops: operands"),
        ("8.6", softmax("d").replace("lambda d: d", "p"), "VJP stops: 'numpy.ndarray' object is"),
        ("8.6", softmax("(d * p).sum(axis=-1)"), "the gradient has shape ()"),
        ("8.6", softmax("p * (d - rows(d))"), "in the sum each d_i counts p_i times"),
        ("8.6", softmax("d * p - rows(d * p)"), "the sum must be multiplied by p_j"),
        ("8.6", softmax("p * (d + rows(d * p))"), "the denominator's share has a minus"),
        ("8.6", softmax("1.001 * p * (d - rows(d * p))"), "wrong gradient for shape (4,)"),
        (
            "8.6",
            softmax("p * (d - rows(d * p)) if d.ndim < 3 else 1.001 * p * (d - rows(d * p))"),
            "wrong gradient for shape (2, 3, 4)",
        ),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong_with_it(answered, number, code, diagnosis):
    with pytest.raises(AssertionError) as told:
        answered(number, code)
    assert diagnosis in str(told.value)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("8.1", paper(value_u=6.0, d_b=8.0)),
        ("8.1", paper().replace("'b': 8", "'b': np.int64(8)")),
        ("8.2", linear("return layer")),
        (
            "8.2",
            "def to_linear(W, b):\n    layer = nn.Linear(*W.shape, dtype=torch.float64)\n"
            "    layer.load_state_dict({'weight': torch.tensor(W).T, 'bias': torch.tensor(b)})\n"
            "    return layer",
        ),
        ("8.3", letters(a=12.0)),
        ("8.3", letters().replace("12", "np.int64(12)")),
        ("8.4", "def sigmoid_of(a):\n    return 1 / (1 + (-a).exp())"),
        ("8.4", sigmoid("d * sigmoid(z) * sigmoid(-z)")),
        ("8.4", sigmoid("d * np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))) ** 2")),
        (
            "8.5",
            loop("weights = Tensor(weights.data - rate * weights.grad, requires_grad=True)"),
        ),
        ("8.5", loop(STEP, "float(loss.data)")),
        (
            "8.5",
            "def fit(X, y, W, steps, rate):\n    losses = []\n    for _ in range(steps):\n"
            "        apart = X @ W - y\n        losses.append(float((apart**2).mean()))\n"
            "        W = W - rate * 2 / y.size * X.T @ apart\n    return W, losses",
        ),
        ("8.6", softmax("p * (d - rows(d * p))")),
        ("8.6", softmax("d * p - p * (d[..., None, :] @ p[..., None])[..., 0]")),
    ],
)
def test_a_right_answer_of_another_type_or_way_is_accepted(answered, number, code, capsys):
    answered(number, code)
    assert capsys.readouterr().out.startswith("Right")

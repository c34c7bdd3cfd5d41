"""Answers to chapter 3's exercises that the page does not show: each diagnosis is earned by one.

The page shows the likeliest mistakes. Here are others that readers make, and right answers of other
types and ways, which a check must accept.
"""

import pytest

PAGE = "docs/foundations/forward.md"


def paper(hidden="[0, 6]", output="2") -> str:
    return f"hidden, output = {hidden}, {output}"


def count(result: str) -> str:
    return f"def count_parameters(sizes):\n    {result}"


def letters(**answers) -> str:
    right = {"a": False, "b": True, "c": False, "d": False, "e": True, "f": True}
    return f"answers = {right | answers}"


def safe(result: str) -> str:
    return f"def safe_sigmoid(z):\n    e = np.exp(-np.abs(z))\n    {result}"


def fold(result: str) -> str:
    return (
        "def fold(layers):\n    W, b = layers[0]\n    for W_next, b_next in layers[1:]:\n"
        f"        W, b = W @ W_next, b @ W_next + b_next\n    {result}"
    )


def tent(W1="np.ones((1, 3))", b1="[0, -1, -2]", W2="[[1], [-2], [1]]", b2="[0]") -> str:
    return f"W1, b1, W2, b2 = {W1}, {b1}, {W2}, {b2}"


@pytest.mark.parametrize(
    ("number", "code", "diagnosis"),
    [
        ("3.1", paper("6"), "hidden is two numbers, not 6"),
        ("3.1", paper("[[0, 6]]"), "hidden is two numbers, not [[0, 6]]"),
        ("3.1", paper("[-1, 5]"), "ReLU turns the negative number into 0"),
        ("3.1", paper("[0, 5]"), "the second neuron has a bias of 1"),
        ("3.1", paper("[0, 4]"), "hidden is not [0, 4]: hint 2 has the sums"),
        ("3.1", paper(output="None"), "output is still None"),
        ("3.1", paper(output="[2]"), "output is one number, not [2]"),
        ("3.1", paper(output="-2"), "use the activations after ReLU"),
        ("3.1", paper(output="24"), "output is not 24: it is 0 × 4"),
        ("3.2", count("sizes.pop(); return 26"), "changes the list"),
        ("3.2", count("sum(sizes)"), "count_parameters gives None"),
        ("3.2", count("return 26.0"), "a count is one whole number, not 26.0"),
        ("3.2", count("return sum(sizes)"), "the number of neurons and inputs"),
        ("3.2", count("return math.prod(sizes)"), "3 × 4 × 2 takes all sizes at once"),
        ("3.2", count("return 27"), "12 + 4 + 8 + 2 = 26, not 27"),
        (
            "3.2",
            count(
                "return sum(i * j + j for i, j in list(zip(sizes, sizes[1:]))[:2])"
            ),
            "use every layer",
        ),
        ("3.3", "answers = [False, True, False, False, True, True]", "keep the starter's form"),
        ("3.3", "answers = {'a': False}", "keep the starter's form"),
        ("3.3", letters(c=None), "not answered yet: c"),
        ("3.3", letters(f="True"), "f: answer True or False, not 'True'"),
        ("3.3", letters(b=False), "b: tanh(z) = 2 σ(2z) − 1"),
        ("3.3", letters(d=True), "d: no difference of scores changes"),
        ("3.3", letters(f=False), "f: the copies' activations are equal"),
        ("3.4", safe("return np.exp(z) / (1 + np.exp(z))"), "overflow at 1000"),
        ("3.4", safe("z *= 1; z[z < -30] = 0"), "safe_sigmoid changes its argument"),
        ("3.4", safe("e / (1 + e)"), "safe_sigmoid gives None"),
        ("3.4", safe("return (np.where(z >= 0, 1, e) / (1 + e)).ravel()"), "shape (2, 2) went in"),
        ("3.4", safe("return np.where(z < 0, 1, e) / (1 + e)"), "is z clipped, or turned round"),
        ("3.4", safe("return np.where(z >= 0, 1, e) / (1 + e) * np.float32(1.0001)"), "is z clipp"),
        (
            "3.4",
            safe("return (np.where(z >= 0, 1, e) / (1 + e)).round(35) + z.sum() % 1"),
            "is z clipped",
        ),
        ("3.5", fold("layers.pop(); return W, b"), "takes layers out of the list"),
        ("3.5", fold("layers[1][0][:] = 0; return W, b"), "changes an array of the list"),
        ("3.5", fold("pass"), "fold gives None"),
        ("3.5", fold("return W"), "return a pair"),
        ("3.5", fold("return layers[0][0] * layers[1][0], b"), "multiplies entry by entry"),
        ("3.5", fold("return W + 1, b"), "W1 @ W2 is [[6, 3], [3, 1]], not [[7.0, 4.0]"),
        ("3.5", fold("return W, layers[-1][1]"), "the first layer's biases are lost"),
        ("3.5", fold("return W, b - layers[-1][1]"), "the second layer's biases are lost"),
        ("3.5", fold("return W, layers[1][0] @ layers[0][1] + layers[1][1]"), "wrong side"),
        (
            "3.5",
            "def fold(layers):\n (V, c), (W, b) = layers\n W = V @ W\n return W, c @ W + b",
            "was W changed before b?",
        ),
        ("3.5", fold("return W, b + 1"), "b1 @ W2 + b2 is [0, 6], not"),
        (
            "3.5",
            "def fold(layers):\n    (V, c), (W, b) = layers\n    return V @ W, c @ W + b",
            "sizes (3, 2) do not fit together",
        ),
        ("3.5", fold("return (W, b) if len(layers) < 4 else (W, b + 1e-3)"), "wrong for sizes (4"),
        ("3.5", fold("return (W, b) if len(layers) < 4 else (W.T, b)"), "wrong for sizes (4, 3"),
        ("3.6", tent(W2="[1, -2, 1]"), "W1 (1, 3) and W2 (3, 1), not (1, 3) and (3,)"),
        ("3.6", tent(b1="[[0], [-1], [-2]]"), "b1 is a row of biases, (3,), not (3, 1)"),
        ("3.6", tent(b2="[0, 0, 0]"), "one output has one bias b2, not 3"),
        ("3.6", tent(b1="[0, -1]"), "2 biases go with W1 (1, 2)"),
        ("3.6", tent(W2="[[1], [0], [0]]"), "the bend at 1 is missing"),
        ("3.6", tent(b2="[1]"), "at -9 the height is 0, not 1"),
        ("3.6", tent(W2="[[2], [-4], [2]]"), "at 0.5 the height is 0.5, not 1"),
        ("3.6", tent(b1="[-0.5, -1, -2]"), "at 0.5 the height is 0.5, not 0"),
        ("3.6", tent(W2="[[1], [-2], [1.005]]"), "it is off by"),
        ("3.6", tent(b1="[0, -1, -2.1]", W2="[[1], [-2], [1.05]]"), "it is off by"),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_told_what_is_wrong_with_it(answered, number, code, diagnosis):
    with pytest.raises(AssertionError) as told:
        answered(number, code)
    assert diagnosis in str(told.value)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("3.1", paper("(0, 6)", "2.0")),
        ("3.1", paper("np.array([0.0, 6.0])", "np.float64(2)")),
        ("3.2", count("return np.int64(sum(i * j + j for i, j in zip(sizes, sizes[1:])))")),
        ("3.2", count("return np.dot(np.array(sizes[:-1]) + 1, sizes[1:])")),
        ("3.3", letters(a="np.bool_(False)").replace("'np.bool_(False)'", "np.bool_(False)")),
        ("3.4", safe("return np.exp(np.minimum(z, 0)) / (1 + e)")),
        ("3.4", safe("return sigmoid(z.astype(np.float64)).astype(np.float32)")),
        ("3.5", fold("return [W.tolist(), b.tolist()]")),
        ("3.5", fold("return W, b")),
        ("3.6", tent(b1="[[0, -1, -2]]", b2="0")),
        ("3.6", tent("[[2, 0.5, 1]]", "[0, -0.5, -2]", "[[0.5], [-4], [1]]")),
        ("3.6", tent("[[1, -1, -1, 1]]", "[0, 0, 1, -2]", "[[-1], [2], [-2], [1]]", "2")),
        ("3.6", tent("np.ones((1, 4))", "[0, -1, -1, -2]", "[[1], [-1], [-1], [1]]", "0")),
    ],
)
def test_a_right_answer_of_another_type_or_way_is_accepted(answered, number, code, capsys):
    answered(number, code)
    assert capsys.readouterr().out.startswith("Right")

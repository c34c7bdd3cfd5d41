"""Answers to chapter 13's exercises that the page does not show: each diagnosis is earned by one.

Right answers of other types and ways are here too, which a check must accept.
"""

import pytest

PAGE = "docs/sequences/recurrent.md"


def paper(h_3="1.25", slope_w="3", slope_x1="0.25") -> str:
    return f"h_3, slope_w, slope_x1 = {h_3}, {slope_w}, {slope_x1}"


def run(step: str, end: str = "return np.stack(states[1:])") -> str:
    return (
        "def run(X, h0, W_x, W_h, b):\n    states = [h0]\n    for x in X:\n"
        f"        h = states[-1]\n        {step}\n        states.append(h)\n    {end}"
    )


RIGHT_STEP = "h = np.tanh(x @ W_x + h @ W_h + b)"


def letters(**answers) -> str:
    right = {"a": False, "b": False, "c": False, "d": True, "e": True}
    return f"answers = {right | answers}"


def clip(result: str) -> str:
    return (
        "def clip(grads, most):\n    norm = np.sqrt(sum((g**2).sum() for g in grads))\n"
        f"    factor = min(1, most / norm) if norm > 0 else 1\n    {result}"
    )


def leaky(
    d_z="(1 - a) * d_h * (1 - N[t] ** 2)",
    d_W="d_W_h + np.outer(H[t], d_z)",
    back="a * d_h + d_z @ W_h.T",
    gather="d_h = d_h + d_H[t]",
    end="return d_h, d_W_h",
) -> str:
    return (
        "def leaky_backward(d_H, H, N, W_h, a):\n"
        "    d_h, d_W_h = np.zeros_like(H[0]), np.zeros_like(W_h)\n"
        "    for t in reversed(range(len(N))):\n"
        f"        {gather}\n        d_z = {d_z}\n        d_W_h = {d_W}\n        d_h = {back}\n"
        f"    {end}"
    )


@pytest.mark.parametrize(
    ("number", "code", "diagnosis"),
    [
        ("13.1", paper(slope_w="None"), "slope_w is still None"),
        ("13.1", paper("'1.25'"), "h_3 is one number, not '1.25'"),
        ("13.1", paper("0"), "h_3 is not 0: the input is"),
        ("13.1", paper("1.3"), "h_3 is not 1.3"),
        ("13.1", paper(slope_w="0.5"), "that is the way through h_2"),
        ("13.1", paper(slope_w="1.25"), "1.25 is h_3 itself"),
        ("13.1", paper(slope_w="3.01"), "slope_w is not 3.01"),
        ("13.1", paper(slope_x1="0.5"), "x_1 passes w twice"),
        ("13.1", paper(slope_x1="0.26"), "slope_x1 is not 0.26"),
        ("13.2", run("h += 1"), "run changes an argument"),
        ("13.2", run(RIGHT_STEP, "pass"), "run gives None"),
        ("13.2", run(RIGHT_STEP, "return np.stack(states[1:]).T"), "states of shape (3, 4)"),
        ("13.2", run(RIGHT_STEP, "return np.stack(states)"), "one state too many"),
        ("13.2", run("h = np.tanh(x @ W_x + h @ W_h)"), "the bias is missing"),
        ("13.2", run("h = np.tanh(x @ W_x + b)"), "the last state is missing"),
        ("13.2", run("h = 3 * (x @ W_x + h @ W_h + b)"), "take the tanh"),
        ("13.2", run("h = 1.5 * np.tanh(x @ W_x + h @ W_h + b)"), "take the tanh"),
        ("13.2", run("h = np.tanh(x @ W_x + h @ W_h + 1.01 * b)"), "other numbers than rnn's"),
        ("13.3", "answers = [False, False]", "keep the starter's form"),
        ("13.3", letters(d=None), "not answered yet: d"),
        ("13.3", letters(c="False"), "c: answer True or False, not 'False'"),
        ("13.3", letters(a=True), "a: all steps share"),
        ("13.3", letters(d=False), "d: a product of ones"),
        ("13.3", letters(e=False), "e: the bound falls"),
        ("13.4", clip("factor"), "clip gives None"),
        ("13.4", clip("return [grads[0] * factor]"), "two arrays went in, and 1 came out"),
        ("13.4", clip("return [g.ravel() * factor for g in grads]"), "the shapes were"),
        ("13.4", clip("return grads"), "nothing was clipped"),
        ("13.4", clip("return [g / norm for g in grads]"), "a norm of 1 is not what was asked"),
        ("13.4", clip("return [g * most / norm**2 for g in grads]"), "the square of the norm"),
        (
            "13.4",
            clip("return [g * most / sum(abs(g).sum() for g in grads) for g in grads]"),
            "the sum of sizes",
        ),
        (
            "13.4",
            clip("return [g * most / sum(map(np.linalg.norm, grads)) for g in grads]"),
            "norms of arrays were added",
        ),
        ("13.4", clip("return [g * factor * 1.001 for g in grads]"), "all times 4/13"),
        (
            "13.4",
            clip("return [g / norm * min(norm, most) for g in grads]"),
            "zeros stay zeros",
        ),
        (
            "13.4",
            clip("[np.multiply(g, factor, out=g) for g in grads]\n    return grads"),
            "clip changes its argument",
        ),
        ("13.5", "bias = '5'", "bias is one number"),
        ("13.5", "bias = -4.968", "the sign"),
        ("13.5", "bias = -0.00693", "that is ln f"),
        ("13.5", "bias = 2.158", "the natural logarithm"),
        ("13.5", "bias = 3", "3 leaves less than a hundredth"),
        ("13.5", "bias = 4.98", "4.98 leaves 0.504"),
        ("13.6", leaky(gather="d_h += d_H[t]; d_H[t] = 0"), "changes an argument"),
        ("13.6", leaky(end="return d_h"), "return two gradients"),
        ("13.6", leaky(end="return d_h, d_W_h[0]"), "are not h0's and W_h's shapes"),
        ("13.6", leaky(back="d_h + d_z @ W_h.T"), "the factor a, and yours has 1"),
        ("13.6", leaky(d_z="d_h * (1 - N[t] ** 2)"), "stands the factor 1 − a"),
        ("13.6", leaky(d_z="(1 - a) * d_h * (1 - H[t + 1] ** 2)"), "the tanh's slope is 1 − N²"),
        ("13.6", leaky(d_z="(1 - a) * d_h"), "the slope of the tanh is missing"),
        (
            "13.6",
            leaky(gather="d_h = d_h + d_H[t] * (t == len(N) - 1)"),
            "the direct gradient of every state counts",
        ),
        ("13.6", leaky(back="1.01 * a * d_h + d_z @ W_h.T"), "by differences, not"),
        ("13.6", leaky(d_W="d_W_h + np.outer(d_z, H[t])"), "d_W_h is transposed"),
        ("13.6", leaky(d_W="d_W_h + np.outer(H[t + 1], d_z)"), "not H[t + 1]"),
        ("13.6", leaky(d_W="np.outer(H[t], d_z)"), "a sum over all steps"),
        ("13.6", leaky(d_W="d_W_h + 1.01 * np.outer(H[t], d_z)"), "a sum over all steps"),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong_with_it(answered, number, code, diagnosis):
    with pytest.raises(AssertionError) as told:
        answered(number, code)
    assert diagnosis in str(told.value)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("13.1", paper("np.float64(1.25)", "3.0", "1 / 4")),
        ("13.2", run(RIGHT_STEP, "return [h.tolist() for h in states[1:]]")),
        (
            "13.2",
            "def run(X, h0, W_x, W_h, b):\n"
            "    p = {'W_x': W_x, 'W_h': W_h, 'b': b}\n    return rnn(X[None], h0[None], p)[0][0]",
        ),
        ("13.3", letters(d="np.bool_(True)").replace("'np.bool_(True)'", "np.bool_(True)")),
        ("13.4", clip("return tuple(g * factor for g in grads)")),
        (
            "13.4",
            "def clip(grads, most):\n"
            "    return list(clip_by_norm(dict(enumerate(grads)), most)[0].values())",
        ),
        ("13.5", "bias = 4.97"),
        ("13.5", "bias = np.float64(-np.log(2**0.01 - 1))"),
        ("13.6", leaky(end="return [d_h.tolist(), d_W_h.tolist()]")),
        ("13.6", leaky(back="a * d_h + W_h @ d_z")),
    ],
)
def test_a_right_answer_of_another_type_or_way_is_accepted(answered, number, code, capsys):
    answered(number, code)
    assert capsys.readouterr().out.startswith("Right")

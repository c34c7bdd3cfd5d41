"""Answers to chapter 6's exercises that the page does not show: each diagnosis is earned by one.

The page shows the likeliest mistakes. Here are others that readers make, and right answers of other
types and ways, which a check must accept.
"""

import pytest

PAGE = "docs/foundations/initialisation.md"


def paper(variance="1", factor="0.125", spread="0.1414") -> str:
    return f"variance, factor_of_three, keeping_spread = {variance}, {factor}, {spread}"


def words(**answers) -> str:
    right = {"a": "keep", "b": "explode", "c": "vanish", "d": "vanish", "e": "keep", "f": "keep"}
    return f"answers = {right | answers}"


def he(result: str) -> str:
    return f"def he(d_in, d_out, rng):\n    size = d_in, d_out\n    {result}"


def dead(result: str) -> str:
    return f"def dead_units(A):\n    {result}"


def leaky(for_half="1.6", for_root_5="1 / 3") -> str:
    return f"for_half, for_root_5 = {for_half}, {for_root_5}"


def back(step: str, result: str = "return d_A") -> str:
    return (
        "def residual_backward(d_A, Zs, weights):\n"
        "    for Z, W in zip(reversed(Zs), reversed(weights)):\n"
        f"        S = relu_slope(Z)\n        {step}\n    {result}"
    )


RIGHT_STEP = "d_A = d_A + (d_A * S) @ W.T"
POPPING = """def residual_backward(d_A, Zs, weights):
    while Zs:
        d_A = d_A + (d_A * relu_slope(Zs.pop())) @ weights.pop().T
    return d_A"""
REVERSING = back(RIGHT_STEP, "{}.reverse(); return d_A")


@pytest.mark.parametrize(
    ("number", "code", "diagnosis"),
    [
        ("6.1", paper(variance="'1'"), "variance is one number, not '1'"),
        ("6.1", paper(factor="[0.125]"), "factor_of_three is one number, not [0.125]"),
        ("6.1", paper(spread="None"), "keeping_spread is still None"),
        ("6.1", paper(variance="50 * 0.1 * 2"), "0.01 is already the variance of a weight"),
        ("6.1", paper(variance="50 * 0.01"), "the input's mean square is 2"),
        ("6.1", paper(variance="1.0006"), "variance: it is 50 times 0.01 times 2"),
        ("6.1", paper(factor="0.5"), "that is one layer"),
        ("6.1", paper(factor="0.5**1.5"), "that is for the RMS"),
        ("6.1", paper(factor="0.13"), "factor_of_three: it is 50 times 0.01, to the third"),
        ("6.1", paper(spread="(2 / 50) ** 0.5"), "that is He's, for ReLU"),
        ("6.1", paper(spread="0.14"), "keeping_spread: 50 times its square must be 1"),
        ("6.1", paper(spread="0.142"), "keeping_spread: 50 times its square must be 1"),
        ("6.2", "answers = ['keep'] * 6", "keep the starter's form"),
        ("6.2", "answers = {'a': 'keep'}", "keep the starter's form"),
        ("6.2", words() + " | {1: 'keep'}", "keep the starter's form"),
        ("6.2", words(e=None), "not answered yet: e"),
        ("6.2", words(c="vanishes"), "c: one of vanish, keep, explode, not 'vanishes'"),
        ("6.2", words(a="vanish"), "a: ½ · 100 · 2/100 is 1"),
        ("6.2", words(d="keep"), "d: the weights only keep the size"),
        ("6.2", words(e="vanish"), "e: 100 · 0.1² is 1"),
        ("6.3", he("rng.normal(size=size)"), "he gives None"),
        ("6.3", he("return rng.normal(scale=(2 / d_out) ** 0.5, size=size)"), "the fan-out"),
        ("6.3", he("return rng.normal(size=size) * (2 / (d_in + d_out)) ** 0.5"), "Xavier's"),
        ("6.3", he("return rng.normal(scale=d_in**-0.5, size=size)"), "the 2 is missing"),
        (
            "6.3",
            he("return rng.uniform(-((2 / d_in) ** 0.5), (2 / d_in) ** 0.5, size)"),
            "enlarge r",
        ),
        (
            "6.3",
            he("return np.random.default_rng().normal(scale=(2 / d_in) ** 0.5, size=size)"),
            "the same seed gives other weights",
        ),
        ("6.3", he("return rng.random(size) * (24 / d_in) ** 0.5"), "the mean is 0.123, not 0"),
        (
            "6.3",
            he("return rng.normal(0.03 * (2 / d_in) ** 0.5, (2 / d_in) ** 0.5, size)"),
            "the mean is 0.002, not 0",
        ),
        (
            "6.3",
            he("return rng.normal(scale=(2.1 / d_in) ** 0.5, size=size)"),
            "the spread is 0.0721",
        ),
        ("6.3", he("return rng.normal(scale=0.0707, size=size)"), "with d_in 100 the spread is"),
        (
            "6.3",
            he("return rng.normal(scale=(1.88 / d_in + 0.0003) ** 0.5, size=size)"),
            "with d_in 100 the spread is",
        ),
        ("6.4", dead("A"), "dead_units gives None"),
        ("6.4", dead("A -= A; return np.all(A == 0, axis=0)"), "changes its argument"),
        ("6.4", dead("return np.mean(A == 0)"), "three inputs, four units: shape (4,), not ()"),
        ("6.4", dead("return np.mean(A == 0, axis=0)"), "True or False for each unit, not float64"),
        ("6.4", dead("return A.any(axis=0)"), "those are the living units"),
        ("6.4", dead("return np.all(A == 0, axis=0) & (A[2] == A[1])[::-1]"), "wrong for units"),
        ("6.4", dead("return np.all(A <= 0, axis=0)"), "an output below 0 is not dead"),
        ("6.4", dead("return A.max(axis=0) == 0"), "an output below 0 is not dead"),
        ("6.4", dead("return np.all(abs(A) < 1e-6, axis=0)"), "small is not 0"),
        ("6.4", dead("return np.all(A[:3] == 0, axis=0) & (len(A) > 1)"), "for shape (1, 5)"),
        ("6.4", dead("return np.all(A == 0, axis=0) & (A.shape[1] < 7)"), "for shape (3, 40)"),
        ("6.4", dead("return np.all(A == 0, axis=0) & (A.shape[1] < 6)"), "for shape (2, 6)"),
        ("6.5", leaky(for_half="'1.6'"), "for_half is one number, not '1.6'"),
        ("6.5", leaky(for_root_5="None"), "for_root_5 is still None"),
        ("6.5", leaky(for_half="2"), "for_half: 2 is for ReLU"),
        ("6.5", leaky(for_half="1.6**0.5"), "for_half: that is the gain"),
        ("6.5", leaky(for_root_5="3 ** -0.5"), "for_root_5: that is the gain"),
        ("6.5", leaky(for_root_5="3"), "for_root_5: that is what the activation keeps"),
        ("6.5", leaky(for_half="1.602"), "for_half: it is 2 divided by 1 plus"),
        ("6.5", leaky(for_root_5="0.332"), "for_root_5: it is 2 divided by 1 plus"),
        ("6.6", back(RIGHT_STEP, "d_A"), "residual_backward gives None"),
        ("6.6", back(RIGHT_STEP, "return d_A[0]"), "shaped like d_A, (5, 4), not (4,)"),
        ("6.6", back("d_A += (d_A * S) @ W.T"), "d_A was changed in place"),
        ("6.6", POPPING, "the lists have changed"),
        ("6.6", REVERSING.format("Zs"), "the lists have changed"),
        ("6.6", REVERSING.format("weights"), "the lists have changed"),
        ("6.6", back("d_A = d_A + d_A @ W.T"), "ReLU's slope is missing"),
        ("6.6", back("d_A = d_A + (d_A @ W.T) * S"), "the slope belongs to Z"),
        ("6.6", back("d_A = d_A * S + (d_A * S) @ W.T"), "the slope is for the branch"),
        ("6.6", back("d_A = d_A + (d_A * relu(Z)) @ W.T"), "relu itself is not its slope"),
        ("6.6", back("d_A = 2 * d_A + (d_A * S) @ W.T"), "one layer comes out wrong"),
        (
            "6.6",
            back("pass", "return d_A + (d_A * relu_slope(Zs[0])) @ weights[0].T"),
            "one layer is right, three are not",
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
        ("6.1", paper("np.float64(1.0)", "1 / 8", "0.141")),
        ("6.1", paper("1.0004", "0.1254", "50**-0.5")),
        ("6.2", words().replace("'keep'", "str('keep')")),
        ("6.3", he("return rng.standard_normal(size) * np.sqrt(2 / d_in)")),
        ("6.3", he("return (2 * rng.random(size) - 1) * (6 / d_in) ** 0.5")),
        ("6.3", he("return rng.choice([-1, 1], size) * (2 / d_in) ** 0.5")),
        ("6.3", he("return [list(r * (2 / d_in) ** 0.5) for r in rng.normal(size=size)]")),
        ("6.4", dead("return [not column.any() for column in A.T]")),
        ("6.4", dead("return np.count_nonzero(A, axis=0) == 0")),
        ("6.4", dead("return np.abs(A).sum(axis=0) == 0")),
        ("6.5", leaky("np.float64(1.6005)", "0.333")),
        ("6.5", leaky("8 / 5", "2 / 6")),
        ("6.6", back("d_A = d_A + np.where(Z > 0, d_A, 0) @ W.T", "return d_A.tolist()")),
        ("6.6", back("d_A = d_A + linear_backward(d_A * S, Z, W)[0]")),
        ("6.6", back("d_A = d_A @ np.eye(4) + (W @ (d_A * S).T).T")),
    ],
)
def test_a_right_answer_of_another_type_or_way_is_accepted(answered, number, code, capsys):
    answered(number, code)
    assert capsys.readouterr().out.startswith("Right")

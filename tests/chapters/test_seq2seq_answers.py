"""Answers to chapter 14's exercises that the page does not show: each diagnosis is earned by one.

Right answers of other types and ways are here too, which a check must accept.
"""

import pytest

PAGE = "docs/sequences/seq2seq.md"


def paper(y="11", slope="-2.75") -> str:
    return f"y, slope = {y}, {slope}"


def letters(**answers) -> str:
    right = {"a": True, "b": False, "c": True, "d": False, "e": False}
    return f"answers = {right | answers}"


def exactly(result: str, first: str = "pass") -> str:
    return (
        f"def exactly(written, targets, counted):\n    {first}\n"
        f"    fine = (written == targets) | ~counted\n    {result}"
    )


def nearness(result: str, first: str = "pass") -> str:
    return (
        f"def nearness(Q, K, width):\n    {first}\n    dots = Q @ K.T\n"
        f"    squares = (K**2).sum(axis=1)\n    {result}"
    )


def back(
    d_q="W_q @ d_sum",
    d_K="d_z @ W_k.T",
    d_W_q="np.outer(q, d_sum)",
    d_W_k="K.T @ d_z",
    d_v="hidden.T @ d_scores",
    first="pass",
    end="",
) -> str:
    return (
        "def additive_backward(d_scores, q, K, W_q, W_k, v):\n"
        f"    {first}\n    hidden = np.tanh(q @ W_q + K @ W_k)\n"
        "    flat = np.outer(d_scores, v)\n    d_z = flat * (1 - hidden**2)\n"
        "    d_sum = d_z.sum(axis=0)\n"
        f"    return {end or ', '.join((d_q, d_K, d_W_q, d_W_k, d_v))}"
    )


@pytest.mark.parametrize(
    ("number", "code", "diagnosis"),
    [
        ("14.1", paper(slope="None"), "slope is still None"),
        ("14.1", paper("'11'"), "y is one number, not '11'"),
        ("14.1", paper("88"), "y: divide by the sum"),
        ("14.1", paper("8"), "y: that is the plain mean"),
        ("14.1", paper("11.01"), "y is not 11.01"),
        ("14.1", paper(slope="2.75"), "slope: the sign"),
        ("14.1", paper(slope="-11"), "slope: times the weight"),
        ("14.1", paper(slope="-2.76"), "slope is not -2.76"),
        ("14.2", "answers = [True, False]", "keep the starter's form"),
        ("14.2", "answers = {'a': True}", "keep the starter's form"),
        ("14.2", letters(c=None), "not answered yet: c"),
        ("14.2", letters(b="False"), "b: answer True or False, not 'False'"),
        ("14.2", letters(a=False), "a: the weights are not negative"),
        ("14.2", letters(b=True), "b: all scores grow tenfold"),
        ("14.2", letters(c=False), "c: every score grows by the same"),
        ("14.3", exactly("return 0.5", "written[:] = targets"), "exactly changes an argument"),
        ("14.3", exactly("fine"), "exactly gives None"),
        ("14.3", exactly("return fine.all(axis=1)"), "one share for the batch, not (40,)"),
        ("14.3", exactly("return (written == targets)[counted].mean()"), "ask whole rows"),
        ("14.3", exactly("return fine.all(axis=0).mean()"), "axis 0 asks columns"),
        ("14.3", exactly("return fine.all(axis=1).sum()"), "that is how many"),
        ("14.3", exactly("return fine.all(axis=1).mean() + 0.01"), "of the rows, and you say"),
        ("14.4", "numbers = '19'", "numbers is one number, not '19'"),
        ("14.4", "numbers = 300", "those are the bits"),
        ("14.4", "numbers = 18.7", "18.7 is no whole number"),
        ("14.4", "numbers = 21", "not 21: 299.3 bits"),
        ("14.5", nearness("return softmax(dots)", "K -= 1"), "nearness changes an argument"),
        ("14.5", nearness("return softmax(dots)", "Q -= 1"), "nearness changes an argument"),
        ("14.5", nearness("dots"), "nearness gives None"),
        ("14.5", nearness("return softmax(dots.T)"), "3 queries and 5 keys: not (5, 3)"),
        ("14.5", nearness("return softmax((dots - squares) / width**2)"), "half of"),
        ("14.5", nearness("return softmax((dots + squares / 2) / width**2)"), "the sign"),
        ("14.5", nearness("return softmax(dots / width**2 - squares / 2)"), "by h² too"),
        (
            "14.5",
            nearness("return softmax((dots - squares / 2) / width**2, axis=0)"),
            "rows sum to 1",
        ),
        ("14.5", nearness("return (dots - squares / 2) / width**2"), "these are scores"),
        ("14.5", nearness("return softmax(dots - squares / 2)"), "the width is missing"),
        (
            "14.5",
            nearness("return softmax((dots - squares / 2) / width**2.01)"),
            "wrong weights for Q (3, 2), K (5, 2)",
        ),
        ("14.6", back(first="K += 1"), "additive_backward changes an argument"),
        ("14.6", back(first="d_scores[0] = 1"), "additive_backward changes an argument"),
        ("14.6", back(end="d_sum"), "return five gradients"),
        ("14.6", back(end="W_q @ d_sum, d_z @ W_k.T"), "return five gradients"),
        ("14.6", back(d_W_q="d_sum"), "d_W_q is shaped like W_q: not (2,)"),
        (
            "14.6",
            back(d_W_q="np.outer(d_sum, q)"),
            "d_W_q is not what differences give, for 3 keys",
        ),
        ("14.6", back(d_v="np.zeros_like(v)"), "d_v is all zeros"),
        ("14.6", back(d_q="W_q @ flat.sum(0)"), "d_q: the slope 1 − hidden² is missing"),
        ("14.6", back(d_K="flat @ W_k.T"), "d_K: the slope 1 − hidden² is missing"),
        ("14.6", back(d_W_q="np.outer(q, flat.sum(0))"), "d_W_q: the slope 1 − hidden²"),
        ("14.6", back(d_W_k="K.T @ flat"), "d_W_k: the slope 1 − hidden² is missing"),
        ("14.6", back(d_v="hidden.T @ d_scores / len(K)"), "d_v: a sum over keys, not a mean"),
        ("14.6", back(d_K="1.001 * d_z @ W_k.T"), "d_K is not what differences give"),
    ],
)
def test_a_wrong_answer_gets_its_diagnosis(answered, number, code, diagnosis):
    with pytest.raises(AssertionError) as raised:
        answered(number, code)
    assert diagnosis in str(raised.value)


KEY_BY_KEY = """
def additive_backward(d_scores, q, K, W_q, W_k, v):
    d_q, d_K, d_W_q = np.zeros_like(q), np.zeros_like(K), np.zeros_like(W_q)
    d_W_k, d_v = np.zeros_like(W_k), np.zeros_like(v)
    for i, (d_s, k) in enumerate(zip(d_scores, K)):
        hidden = np.tanh(q @ W_q + k @ W_k)
        d_z = d_s * v * (1 - hidden**2)
        d_q, d_W_q = d_q + W_q @ d_z, d_W_q + np.outer(q, d_z)
        d_K[i], d_W_k, d_v = W_k @ d_z, d_W_k + np.outer(k, d_z), d_v + d_s * hidden
    return [d_q, d_K, d_W_q, d_W_k, d_v]
"""
BY_SLIPS = """
def exactly(written, targets, counted):
    slips = np.sum((written != targets) & counted, axis=1)
    return np.count_nonzero(slips == 0) / len(slips)
"""
WHOLE_SQUARE = """
def nearness(Q, K, width):
    squares = (Q**2).sum(axis=1)[:, None] - 2 * Q @ K.T + (K**2).sum(axis=1)
    powers = np.exp(-squares / (2 * width**2))
    return (powers / powers.sum(axis=1, keepdims=True)).tolist()
"""


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("14.1", paper("11.0", "np.float64(-2.75)")),
        ("14.1", "weights = softmax(np.log([1.0, 2.0, 5.0]))\n" + paper("weights @ [8, 0, 16]")),
        ("14.2", letters() + "\nanswers['a'] = np.bool_(True)"),
        ("14.3", BY_SLIPS),
        ("14.4", "numbers = 19.0"),
        ("14.4", "numbers = np.int64(19)"),
        ("14.5", WHOLE_SQUARE),
        ("14.6", KEY_BY_KEY),
        ("14.6", back()),
    ],
)
def test_right_answers_of_other_ways_are_accepted(answered, number, code):
    answered(number, code)

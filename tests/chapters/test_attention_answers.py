"""Answers to chapter 15's exercises that the page does not show: one for each diagnosis."""

import pytest

PAGE = "docs/transformer/attention.md"


def paper(output="9", masked="6") -> str:
    return f"output, masked_output = {output}, {masked}"


def letters(**answers) -> str:
    right = {"a": False, "b": True, "c": False, "d": False, "e": True, "f": False}
    return f"answers = {right | answers}"


def window(result: str) -> str:
    return (
        "def window_mask(T_q, T_k, window):\n"
        "    back = np.arange(T_k - T_q, T_k)[:, None] - np.arange(T_k)\n"
        f"    {result}"
    )


def slopes(raw="0.000335", scaled="0.1966") -> str:
    return f"raw_slope, scaled_slope = {raw}, {scaled}"


def look(result: str, scores="K @ q / math.sqrt(len(q))") -> str:
    return (
        "def look(q, K, V, mask):\n"
        f"    scores = np.where(mask, {scores}, -np.inf)\n"
        "    largest = scores.max() if mask.any() else 0\n"
        "    powers = np.exp(scores - largest)\n"
        f"    {result}"
    )


SAFE = "return powers @ V / max(powers.sum(), 1e-300)"


def depends(change: str, result="return np.stack(columns, axis=1)") -> str:
    return (
        "def depends(f, X):\n"
        "    rng, columns = np.random.default_rng(1), []\n"
        "    for j in range(len(X)):\n"
        "        changed = X.copy()\n"
        f"        {change}\n"
        "        columns.append((f(changed) != f(X)).any(axis=1))\n"
        f"    {result}"
    )


RANDOM = "changed[j] = rng.normal(size=X.shape[1])"


@pytest.mark.parametrize(
    ("number", "code", "diagnosis"),
    [
        ("15.1", paper(masked="None"), "masked_output is still None"),
        ("15.1", paper("'9'"), "output is one number, not '9'"),
        ("15.1", paper("True"), "output is one number, not True"),
        ("15.1", paper("[9]"), "output is one number, not [9]"),
        ("15.1", paper("34 / 3"), "multiplied by √K"),
        ("15.1", paper("(12 + 12 * 2**0.5) / (2 + 2**0.5)"), "divided by K: divide by its root"),
        ("15.1", paper("36"), "36 is a sum of powers times values"),
        ("15.1", paper("8"), "8 is the plain mean"),
        ("15.1", paper("9.1"), "output is not 9.1: weights are ¼, ¼ and ½"),
        ("15.1", paper(masked="9"), "9 is the output without the mask"),
        ("15.1", paper(masked="6.1"), "masked_output is not 6.1: two keys weigh ½ each"),
        ("15.2", "answers = [False] * 6", "keep the starter's form"),
        ("15.2", "answers = {'a': False}", "keep the starter's form"),
        ("15.2", letters(e=None), "not answered yet: e"),
        ("15.2", letters(b="True"), "b: answer True or False, not 'True'"),
        ("15.2", letters(b=False), "b: doubled keys double the differences"),
        ("15.2", letters(d=True), "d: an average lies among the values"),
        ("15.2", letters(e=False), "e: the last query may look at all"),
        ("15.2", letters(f=True), "f: one output for each query"),
        ("15.3", window("pass"), "window_mask gives None"),
        ("15.3", window("return (back >= 0)[:, 1:]"), "for (4, 4, 2) the shape is (4, 4): (4, 3)"),
        ("15.3", window("return (back >= 0).astype(float)"), "yours is float64"),
        ("15.3", window("return back > 99"), "nothing may be looked at"),
        ("15.3", window("return back == 0"), "a window of 2 is 2 keys, not 1"),
        ("15.3", window("return back == 1"), "for (4, 4, 2) it is"),
        (
            "15.3",
            window("return (back >= 0) & (back < window - (T_q < T_k))"),
            "for (2, 5, 3) it is",
        ),
        (
            "15.3",
            window("return (back >= 0) & (back < window + (window == 4))"),
            "wrong for (",
        ),
        ("15.4", slopes(scaled="None"), "scaled_slope is still None"),
        ("15.4", slopes("'0'"), "raw_slope is one number, not '0'"),
        ("15.4", slopes("False"), "raw_slope is one number, not False"),
        ("15.4", slopes("0.1966", "0.000335"), "raw_slope: that is the other one"),
        ("15.4", slopes("0.00034"), "raw_slope is not 0.00034: put g = 8 into σ"),
        ("15.4", slopes("0.00033"), "raw_slope is not 0.00033: put g = 8 into σ"),
        ("15.4", slopes(scaled="0.1981"), "scaled_slope is not 0.1981: put g = 1 into σ"),
        ("15.4", slopes(scaled="0.1951"), "scaled_slope is not 0.1951: put g = 1 into σ"),
        ("15.4", slopes(scaled="0.7311"), "scaled_slope: that is a weight"),
        ("15.4", slopes(scaled="0.2490"), "scaled_slope: divided by K? 8 / 64"),
        ("15.4", slopes(scaled="0.2481"), "scaled_slope: divided by K? 8 / 64"),
        ("15.5", look("pass"), "look gives None"),
        ("15.5", look("q *= 2; return q"), "look changes an argument"),
        ("15.5", look(f"mask[:] = ~mask; {SAFE}"), "look changes an argument"),
        ("15.5", look("return (powers / powers.sum())[:, None] * V"), "shape is (3,), not (5, 3)"),
        ("15.5", look(SAFE, "K @ q / len(q)"), "divided by d, not by its root"),
        ("15.5", look("return V.mean(axis=0)"), "with nothing hidden it is"),
        (
            "15.5",
            "def look(q, K, V, mask):\n    return attention(q, K, V)[0]",
            "the mask has no effect",
        ),
        (
            "15.5",
            "def look(q, K, V, mask):\n"
            "    return attention(q, K, V, mask if mask.all() else ~mask)[0]",
            "the mask is the wrong way round",
        ),
        (
            "15.5",
            "def look(q, K, V, mask):\n"
            "    weights = attention(q, K, np.eye(len(K)))[0]\n"
            "    return (weights * mask) @ V",
            "hidden after the softmax",
        ),
        (
            "15.5",
            look("return powers @ V / max(powers.sum(), 1) * (1 if mask.all() else 1.001)"),
            "with a mask it is",
        ),
        (
            "15.5",
            look(f"if not mask.any(): return V.mean(axis=0)\n    {SAFE}"),
            "where all is hidden it is zeros",
        ),
        (
            "15.5",
            look("powers = np.exp(scores)\n    return powers @ V / max(powers.sum(), 1e-300)"),
            "large scores overflow",
        ),
        (
            "15.5",
            look(
                f"powers = np.exp(scores)\n    {SAFE.replace('return ', 'return np.nan_to_num(')})"
            ),
            "for a query 10,000 times as long",
        ),
        ("15.6", "def depends(f, X):\n    f(X)", "depends gives None"),
        (
            "15.6",
            depends(f"{RANDOM}; X[j] = 0"),
            "depends changes X: work on a copy",
        ),
        ("15.6", depends(RANDOM, "return columns[:2]"), "five rows give (5, 5), not (2, 5)"),
        ("15.6", depends(RANDOM, "return np.ones((5, 5), bool)"), "seen where there is none"),
        ("15.6", depends("changed[j] *= 2"), "attention without a mask: a dependence is not seen"),
        ("15.6", depends("changed[j] = 0"), "a dependence is not seen"),
        (
            "15.6",
            depends(f"changed[j] *= 2\n        if X.std() == 0: {RANDOM}"),
            "the angles of rows: a dependence is not seen",
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
        ("15.1", paper("np.float64(9)", "np.int64(6)")),
        ("15.2", letters(b="np.True_").replace("'np.True_'", "np.True_")),
        (
            "15.3",
            "def window_mask(T_q, T_k, window):\n"
            "    return [[0 <= T_k - T_q + i - j < window for j in range(T_k)]"
            " for i in range(T_q)]",
        ),
        ("15.4", slopes("np.float32(0.000335)", "0.197")),
        ("15.5", "def look(q, K, V, mask):\n    return attention(q, K, V, mask)[0]"),
        ("15.5", look(SAFE, "np.clip(K @ q / math.sqrt(len(q)), -600, 600)")),
        ("15.5", look("return (powers @ V / max(powers.sum(), 1e-300)).tolist()")),
        ("15.6", depends("changed[j] = rng.uniform(5, 6, X.shape[1])")),
        ("15.6", depends(RANDOM, "return np.stack(columns, axis=1).tolist()")),
    ],
)
def test_a_right_answer_of_another_type_or_way_is_accepted(answered, number, code, capsys):
    answered(number, code)
    assert capsys.readouterr().out.startswith("Right")

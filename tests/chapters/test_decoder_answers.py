"""Answers to chapter 19's exercises that the page does not show: each diagnosis is earned by one.

The page shows the likeliest mistakes. Here are others that readers make, and right answers of other
types and ways, which a check must accept.
"""

import pytest

PAGE = "docs/transformer/decoder.md"


def paper(tables="72", one_block="244", total="568") -> str:
    return f"tables, one_block, total = {tables}, {one_block}, {total}"


def letters(**answers) -> str:
    right = {"a": True, "b": False, "c": False, "d": False, "e": False, "f": True}
    return f"answers = {right | answers}"


def windows(result: str) -> str:
    return (
        "def windows(ids, T):\n    B = (len(ids) - 1) // T\n"
        "    x = ids[: B * T].reshape(B, T)\n    y = ids[1 : B * T + 1].reshape(B, T)\n"
        f"    {result}"
    )


def longest(result: str) -> str:
    return (
        "def longest(memory, V, D, H, F, L):\n    a = 4 * L * H\n"
        "    b = gpt_bytes(1, V, 1, D, H, F, L) - a\n"
        "    T = (math.isqrt(b * b + 4 * a * memory) - b) // (2 * a)\n"
        f"    {result}"
    )


def lens(result: str) -> str:
    return (
        "def lens(ids, params, H):\n    X = [params['E'][ids] + params['P'][: len(ids)]]\n"
        "    mask = causal_mask(len(ids))\n"
        f"    {result}"
    )


WALK = "for p in params['blocks']: X.append(block(X[-1], p, H, mask)[0])\n    "
READ = "return [layer_norm(x, params['gamma'], params['beta'])[0] @ params['E'].T for x in X]"
ONE_BLOCK = READ.replace("for x in X]", "for x in (X if len(X) > 2 else [np.stack(X)])]")


def leaks(change: str, compare: str = "(now[:j] != was[:j]).any()") -> str:
    return (
        "def leaks(model, ids, V):\n    was = model(ids)\n    for j in range(len(ids)):\n"
        f"        new = ids.copy()\n        {change}\n        now = model(new)\n"
        f"        if {compare}:\n            return True\n    return False"
    )


NEXT = "new[j] = (ids[j] + 1) % V"


@pytest.mark.parametrize(
    ("number", "code", "diagnosis"),
    [
        ("19.1", paper(one_block="None"), "one_block is still None"),
        ("19.1", paper(total="None"), "total is still None"),
        ("19.1", paper(tables="72.0"), "tables is one whole number, not 72.0"),
        ("19.1", paper(one_block="True"), "one_block is one whole number, not True"),
        ("19.1", paper(total="'568'"), "total is one whole number, not '568'"),
        ("19.1", paper(tables="80"), "rows of 4 numbers, not 80"),
        ("19.1", paper(one_block="192"), "biases and norms are missing"),
        ("19.1", paper(one_block="228"), "feed-forward biases count"),
        ("19.1", paper(one_block="236"), "two norms, and each has 8"),
        ("19.1", paper(one_block="243"), "one_block is not 243"),
        ("19.1", paper(total="316"), "there are two blocks"),
        ("19.1", paper(total="560"), "the last norm is missing"),
        ("19.1", paper(total="567"), "total is not 567"),
        ("19.2", "answers = [True, False]", "keep the starter's form"),
        ("19.2", "answers = {'a': True}", "keep the starter's form"),
        ("19.2", letters(f=None), "not answered yet: f"),
        ("19.2", letters(b=0), "b: answer True or False, not 0"),
        ("19.2", letters(a=False), "a: place 5 may look at token 3"),
        ("19.2", letters(b=True), "b: token 5 lies in the future"),
        ("19.2", letters(e=True), "e: all logits double"),
        ("19.3", windows("ids += 1; return x, y"), "windows changes its argument"),
        ("19.3", windows("return x"), "return two arrays"),
        ("19.3", windows("return x, y[:2]"), "inputs (3, 4), but targets (2, 4)"),
        ("19.3", windows("return x.ravel(), y.ravel()"), "(B, 4), not (12,)"),
        ("19.3", windows("return x.T, y.T"), "pieces of 4 make (B, 4), not (4, 3)"),
        (
            "19.3",
            windows("i = np.arange(9)[:, None] + np.arange(4); return ids[i], ids[i + 1]"),
            "3 pieces, not 9",
        ),
        (
            "19.3",
            windows("i = np.arange(0, 9, 3)[:, None] + np.arange(4); return ids[i], ids[i + 1]"),
            "the pieces begin with [10 13 16]",
        ),
        (
            "19.3",
            windows("return np.sort(x, axis=None).reshape(B, T), y"),
            "are not the text from its start",
        ),
        ("19.3", windows("return y, x"), "shifted the wrong way"),
        ("19.3", windows("return x, x + 1"), "a target is not the token after its input"),
        ("19.4", longest("T"), "longest gives None"),
        ("19.4", longest("return float(T)"), "a whole number, not 64.0"),
        ("19.4", longest("return T // 2"), "yours gives 32"),
        (
            "19.4",
            longest("return T or int(memory == gpt_bytes(1, V, 1, D, H, F, L) - 1)"),
            "not even one token fits: 0, not 1",
        ),
        ("19.4", longest("return T + (memory > 10**9)"), "bytes: more than"),
        ("19.4", longest("return T - (memory > 10**9)"), "bytes, and yours gives"),
        ("19.5", lens("X"), "lens gives None"),
        ("19.5", lens("return gpt(ids, params, H)[0]"), "(L + 1, T, V) is (4, 6, 5), not (6, 5)"),
        ("19.5", lens(WALK + ONE_BLOCK), "(L + 1, T, V) is (2, 4, 7), not (1, 2, 4, 7)"),
        ("19.5", lens("mask = mask | True\n    " + WALK + READ), "wrong after 1 of 3 blocks"),
        ("19.5", lens("params['P'] = params['P'][::-1]\n    " + WALK + READ), "changes an arg"),
        ("19.5", lens(WALK + "X[-1] = X[-1] + X[-2]\n    " + READ), "wrong after 3 of 3 blocks"),
        ("19.5", lens("ids += 1; ids %= len(params['E'])\n    " + WALK + READ), "changes an arg"),
        ("19.6", leaks("ids[j] = (ids[j] + 1) % V; new = ids"), "leaks changes the ids"),
        ("19.6", "def leaks(model, ids, V):\n    return None", "True or False, not None"),
        ("19.6", "def leaks(model, ids, V):\n    return [0]", "True or False, not [0]"),
        (
            "19.6",
            leaks("new[-1] = (ids[-1] + 1) % V", "(now[0] != was[0]).any()"),
            "each place sees its successor",
        ),
        ("19.6", leaks(NEXT, "(now[j - 1 : j] != was[j - 1 : j]).any()"), "only place 0 cheats"),
        ("19.6", leaks(NEXT, "np.abs(now[: j + 1] - was[: j + 1]).max() > 2"), "bigram table"),
        ("19.6", leaks("new[j] = ids[j] + 1"), "an id became V"),
        ("19.6", leaks("new[j] = min(ids[j] + 1, V - 1)"), "ids that are all the last one"),
        ("19.6", leaks(NEXT, "np.abs(now[:j] - was[:j]).sum() > 1e-9"), "a leak of 1e-12"),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong(answered, number, code, diagnosis):
    with pytest.raises(AssertionError) as raised:
        answered(number, code)
    assert diagnosis in str(raised.value)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("19.1", paper(tables="np.int64(72)", total="72 + 2 * 244 + 8")),
        ("19.2", letters().replace("True", "np.True_").replace("False", "np.False_")),
        ("19.3", windows("return x.tolist(), y.tolist()")),
        ("19.3", windows("return [x, y]")),
        ("19.4", longest("return np.int64(T)")),
        (
            "19.4",
            longest("while gpt_bytes(1, V, T + 1, D, H, F, L) <= memory: T += 1\n    return T"),
        ),
        ("19.5", lens(WALK + READ)),
        ("19.6", leaks(NEXT)),
        ("19.6", leaks(NEXT).replace("return False", "return np.False_")),
        ("19.6", leaks(NEXT, "not np.array_equal(now[:j], was[:j])")),
    ],
)
def test_a_right_answer_is_accepted_however_it_is_written(answered, number, code):
    answered(number, code)

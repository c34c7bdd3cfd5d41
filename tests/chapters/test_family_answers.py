"""Answers to chapter 21's exercises that the page does not show: each diagnosis is earned by one.

The page shows the likeliest mistakes. Here are others that readers make, and right answers of other
types and ways, which a check must accept.
"""

import pytest

PAGE = "docs/transformer/family.md"


def paper(true="0.825", other="0.025", gap="3.497", floor="0.804") -> str:
    return f"true, other, gap, floor = {true}, {other}, {gap}, {floor}"


def letters(**answers) -> str:
    right = {"a": True, "b": True, "c": False, "d": False, "e": False, "f": True}
    return f"answers = {right | answers}"


def prefixes(result: str) -> str:
    return (
        "def prefix_masks(prefixes, T):\n    key = np.arange(T)\n    causal = causal_mask(T)\n"
        "    inside = key < prefixes[:, None, None, None]\n    mask = causal | inside\n"
        f"    {result}"
    )


def padded(result: str, eps: str = "eps") -> str:
    return (
        "def padded_loss(logits, targets, eps, pad):\n    keep = targets != pad\n"
        "    if not keep.any():\n        return 0.0\n"
        f"    loss = smoothed_loss(logits[keep], targets[keep], {eps})\n    {result}"
    )


def translate(result: str, loop: str = "target", best: str = "argmax(axis=-1)") -> str:
    return (
        "def translate(source, params, H, start, steps, source_mask=None):\n"
        "    memory, _ = encoder(source, params, H, source_mask)\n"
        "    target = np.full((len(source), 1), start)\n"
        "    for _ in range(steps):\n"
        f"        z = decode({loop}, memory, params, H, source_mask)[0]\n"
        f"        target = np.hstack([target, z[:, -1:].{best}])\n"
        f"    {result}"
    )


def fill(result: str, before: str = "") -> str:
    return (
        f"def fill(ids, params, H, hole):\n    {before}\n"
        "    logits = encoder(ids, params, H)[0] @ params['E'].T\n"
        "    logits[..., hole] = -np.inf\n    best = logits.argmax(axis=-1)\n"
        f"    {result}"
    )


@pytest.mark.parametrize(
    ("number", "code", "diagnosis"),
    [
        ("21.1", paper(other="None"), "other is still None"),
        ("21.1", paper(floor="None"), "floor is still None"),
        ("21.1", paper(gap="'3.5'"), "gap is one number, not '3.5'"),
        ("21.1", paper(true="0.83"), "true is not 0.83"),
        ("21.1", paper(true="0.8257"), "true is not 0.8257"),
        ("21.1", paper(other="0.2 / 7"), "not over 7"),
        ("21.1", paper(other="0.0257"), "other is not 0.0257"),
        ("21.1", paper(gap="3.45"), "gap is not 3.45"),
        ("21.1", paper(gap="3.5"), "gap is not 3.5"),
        ("21.1", paper(gap="33.05"), "gap is not 33.05"),
        ("21.1", paper(floor="0.0"), "0 is for hard targets"),
        ("21.1", paper(floor="0.26"), "floor is not 0.26"),
        ("21.1", paper(floor="0.251"), "seven other words"),
        ("21.1", paper(floor="0.807"), "floor is not 0.807"),
        ("21.2", "answers = [True, False]", "keep the starter's form"),
        ("21.2", "answers = {'a': True}", "keep the starter's form"),
        ("21.2", letters(f=None), "not answered yet: f"),
        ("21.2", letters(b=0), "b: answer True or False, not 0"),
        ("21.2", letters(a=False), "a: nothing is hidden"),
        ("21.2", letters(c=True), "c: the memory depends"),
        ("21.2", letters(d=True), "T × S"),
        ("21.2", letters(e=True), "e: the target has an entropy"),
        ("21.3", prefixes("prefixes += 1\n    return mask"), "changes its argument"),
        ("21.3", prefixes("return mask.tolist()"), "return one array, not list"),
        ("21.3", prefixes("return mask.astype(float)"), "a mask is boolean, not float64"),
        ("21.3", prefixes("return mask[:, 0]"), "the axis for the heads is missing"),
        ("21.3", prefixes("return mask[:2]"), "not (2, 1, 5, 5)"),
        ("21.3", prefixes("return mask & ~np.eye(T, dtype=bool)"), "look at itself"),
        ("21.3", prefixes("return mask.swapaxes(-1, -2)"), "transposed: rows look"),
        (
            "21.3",
            prefixes("return np.where(prefixes[:, None, None, None] < T, causal, mask)"),
            "the prefix opens nothing",
        ),
        ("21.3", prefixes("mask[..., 0, 3:] = True\n    return mask"), "place 0 looks at place 3"),
        (
            "21.3",
            prefixes("mask[:, 0, 1:, 0] = T < 9\n    return mask"),
            "wrong for a prefix of",
        ),
        ("21.4", padded("logits += 1\n    return loss"), "changes an argument"),
        ("21.4", padded("targets[0] = 1\n    return loss"), "changes an argument"),
        ("21.4", padded("return [loss]"), "a loss is one number, not ["),
        ("21.4", padded("return loss * keep.sum()"), "the sum: divide"),
        ("21.4", padded("return loss", eps="0.0"), "not smoothed"),
        (
            "21.4",
            "def padded_loss(logits, targets, eps, pad):\n"
            "    return smoothed_loss(logits, targets, eps)",
            "padding counts as words",
        ),
        ("21.4", padded("return 1.001 * loss"), "for padding -100, not"),
        (
            "21.4",
            padded("return loss").replace("return 0.0", "return 1.0"),
            "nothing but padding: 0.0, not 1.0",
        ),
        (
            "21.5",
            fill("ids[ids == hole] = best[ids == hole]\n    return ids"),
            "changes its argument",
        ),
        ("21.5", fill("return best[ids == hole]"), "a token for a token: (40, 6), not"),
        ("21.5", fill("return np.where(ids == hole, best, 1)"), "that was seen changed"),
        ("21.5", fill("return np.where(ids == 8, best, ids)"), "that was seen changed"),
        (
            "21.5",
            "def fill(ids, params, H, hole):\n"
            "    logits = encoder(ids, params, H)[0] @ params['E'].T\n"
            "    return np.where(ids == hole, logits[..., :-1].argmax(axis=-1), ids)",
            "a hole is left: its id, here 0",
        ),
        (
            "21.5",
            "def fill(ids, params, H, hole):\n    out = ids.copy()\n"
            "    for t in range(ids.shape[1]):\n"
            "        logits = encoder(out, params, H)[0][:, t] @ params['E'].T\n"
            "        logits[:, hole] = -np.inf\n"
            "        out[:, t] = np.where(ids[:, t] == hole, logits.argmax(axis=-1), ids[:, t])\n"
            "    return out",
            "one by one: fill all in one pass",
        ),
        (
            "21.5",
            fill("return np.where(ids == hole, logits.argmin(axis=-1), ids)").replace(
                "-np.inf", "np.inf"
            ),
            "with 8 for a hole, a word is not the likeliest one",
        ),
        (
            "21.5",
            fill(
                "return np.where(ids == hole, best, ids)", "seen = (ids != hole)[:, None, None]"
            ).replace("params, H)", "params, H, seen)"),
            "with 8 for a hole, a word is not the likeliest one",
        ),
        ("21.6", translate("source += 1\n    return target[:, 1:]"), "changes its source"),
        ("21.6", translate("return target"), "leave out the start token"),
        ("21.6", translate("return target[:, 2:]"), "not (12, 4)"),
        (
            "21.6",
            translate("return target[:, 1:]", loop="target[:, -1:]"),
            "without a mask, token 2",
        ),
        ("21.6", translate("return target[:, 1:]", best="argmin(axis=-1)"), "token 1 is not"),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong(answered, number, code, diagnosis):
    with pytest.raises(AssertionError) as raised:
        answered(number, code)
    assert diagnosis in str(raised.value)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("21.1", paper(gap="np.log(33)", floor="np.float64(0.8043)")),
        ("21.1", paper(true="0.8255", other="0.0255", gap="3.498", floor="0.8055")),
        ("21.2", letters().replace("True", "np.True_").replace("False", "np.False_")),
        ("21.3", prefixes("return np.array([[prefix_mask(n, T)] for n in prefixes])")),
        ("21.3", prefixes("return padding_mask(prefixes[:, None], T) | causal")),
        ("21.4", padded("return np.float64(loss)")),
        (
            "21.4",
            "def padded_loss(logits, targets, eps, pad):\n"
            "    keep = targets != pad\n    log_p = log_softmax(logits)\n"
            "    true = log_p[np.arange(len(targets)), np.where(keep, targets, 0)]\n"
            "    rows = -(1 - eps) * true - eps * log_p.mean(axis=-1)\n"
            "    return float((rows * keep).sum() / max(keep.sum(), 1))",
        ),
        ("21.5", fill("return np.where(ids == hole, best, ids).tolist()")),
        (
            "21.5",
            fill("out[ids == hole] = best[ids == hole]\n    return out", "out = ids.copy()"),
        ),
        ("21.6", translate("return target[:, 1:]")),
        ("21.6", translate("return target[:, 1:].tolist()")),
    ],
)
def test_a_right_answer_is_accepted_however_it_is_written(answered, number, code):
    answered(number, code)

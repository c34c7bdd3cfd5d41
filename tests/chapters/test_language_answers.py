"""Answers to chapter 12's exercises that the page does not show; each diagnosis is earned by one.

The page shows the likeliest mistakes. Here are others, and right answers of other types and ways.
"""

import pytest

PAGE = "docs/sequences/language.md"


def paper(cat_ran="1 / 3", dog_sat="0", sat="1 / 7") -> str:
    return f"cat_ran, dog_sat, sat_after_dog = {cat_ran}, {dog_sat}, {sat}"


def letters(**answers) -> str:
    right = {"a": True, "b": False, "c": False, "d": True, "e": False}
    return f"answers = {right | answers}"


def model(result: str, each="") -> str:
    """Right where `result` is `return shares`; `each` may do something to each document."""
    return (
        "def document_model(documents, V):\n    counts = np.zeros((V, V))\n"
        "    for ids in documents:\n"
        f"        {each or 'pass'}\n"
        "        np.add.at(counts, (ids[:-1], ids[1:]), 1)\n"
        "    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)\n"
        f"    {result}"
    )


PER_TOKEN = (
    "often = np.bincount(np.concatenate(documents), minlength=V)\n"
    "    return counts / np.maximum(often, 1)[:, None]"
)


def byte(result: str) -> str:
    return (
        "def per_byte(perplexity, tokens, text):\n"
        "    bits = math.log2(perplexity) * tokens / len(text.encode())\n"
        f"    {result}"
    )


def left_out(result: str) -> str:
    """Right where `result` is `return loss.mean()`."""
    return (
        "def leave_one_out(ids, V, alpha):\n    C = ngram_counts(ids, 2, V)\n"
        "    c, n = C[ids[:-1], ids[1:]], C.sum(axis=1)[ids[:-1]]\n"
        "    loss = -np.log((c - 1 + alpha) / (n - 1 + alpha * V))\n"
        f"    {result}"
    )


def neck(result: str) -> str:
    """Right where `result` is `return d_E, d_U`."""
    return (
        "def bottleneck_gradients(E, U, ids):\n    X, V = E[ids[:-1]], len(E)\n"
        "    d_logits = cross_entropy_backward(X @ U, ids[1:])\n"
        "    d_E, d_U = embed_backward(ids[:-1], d_logits @ U.T, V), X.T @ d_logits\n"
        f"    {result}"
    )


NO_TARGET = (
    "P = softmax(X @ U) / (len(ids) - 1)\n    return embed_backward(ids[:-1], P @ U.T, V), X.T @ P"
)


@pytest.mark.parametrize(
    ("number", "code", "diagnosis"),
    [
        ("12.1", paper(sat="None"), "still None: sat_after_dog"),
        ("12.1", paper("2 / 3"), "2/3 is the cat alone"),
        ("12.1", paper("0.333"), "cat_ran is 1 · 2/3 · 1/2 · 1, not 0.333"),
        ("12.1", paper(dog_sat="1 / 9"), "sat never follows dog"),
        ("12.1", paper(sat="0"), "alpha = 1 counts dog sat once"),
        ("12.1", paper(sat="1 / 6"), "the count of dog itself is missing"),
        ("12.1", paper(sat="0.143"), "(0 + 1)/(1 + 6), not 0.143"),
        ("12.2", "answers = [True, False, False, True, False]", "keep the starter's form"),
        ("12.2", "answers = {'a': True}", "keep the starter's form"),
        ("12.2", letters(e=None), "not answered yet: e"),
        ("12.2", letters(b="False"), "b: answer True or False, not 'False'"),
        ("12.2", letters(b=True), "b: each row adds up to 1"),
        ("12.2", letters(d=False), "d: ln 0 is −∞"),
        ("12.2", letters(e=True), "e: the softmax takes a constant out"),
        ("12.3", model("return shares", each="ids[ids == 3] = 4"), "changes the documents"),
        ("12.3", model("shares"), "document_model gives None"),
        ("12.3", model("return shares[:-1]"), "(5, 5), not (4, 5)"),
        ("12.3", model("return counts / counts.sum(axis=1, keepdims=True)"), "0 / 0: row 4"),
        ("12.3", model("return counts"), "counts, not shares"),
        ("12.3", model("return counts / 1.9"), "counts, not shares"),
        ("12.3", model(PER_TOKEN), "divide by the pairs of the row"),
        (
            "12.3",
            model("return counts / np.maximum(counts.sum(axis=0), 1)"),
            "rows, not columns, add up to 1",
        ),
        (
            "12.3",
            model("return counts / np.maximum(counts.sum(axis=1, keepdims=True), 2)"),
            "after 3 comes 0 alone, not [0.5",
        ),
        ("12.3", model("return shares * 0.999"), "after 1 come 0 and 2, not [0.4995"),
        (
            "12.3",
            model("return shares if V == 5 else shares * 0.999"),
            "wrong for documents of lengths (30, 20)",
        ),
        (
            "12.3",
            model("return shares", each="if not len(ids): break"),
            "wrong for documents of lengths (0, 8, 1, 15)",
        ),
        ("12.4", byte("bits"), "per_byte gives None"),
        ("12.4", byte("return math.log2(perplexity)"), "bits per token"),
        ("12.4", byte("return perplexity * tokens / len(text.encode())"), "logarithm is missing"),
        ("12.4", byte("return bits * 1.001"), "4 bits · 4 tokens / 8 bytes = 2, not 2.002"),
        ("12.4", byte("return min(bits, 1000.0)"), "an infinite perplexity: inf"),
        ("12.4", byte("return round(bits, 3)"), "by bits_per_byte, not"),
        ("12.5", left_out("ids[0] = ids[1]; ids[1:] = ids[0]; return 1.0"), "changes ids"),
        ("12.5", left_out("loss.mean()"), "leave_one_out gives None"),
        ("12.5", left_out("return loss"), "one number, the mean, not (10,)"),
        (
            "12.5",
            left_out("return -np.log((c + alpha) / (n - 1 + alpha * V)).mean()"),
            "one less above as well",
        ),
        (
            "12.5",
            left_out("return -np.log((c - 1 + alpha) / (n - 1 + alpha)).mean()"),
            "below stands alpha V",
        ),
        (
            "12.5",
            left_out(
                "n = C.sum(axis=1)[ids[1:]]; return -np.log((c - 1 + alpha) / "
                "(n - 1 + alpha * V)).mean()"
            ),
            "for 11 tokens: ",
        ),
        ("12.5", left_out("return loss.sum()"), "the mean over pairs, not the sum"),
        ("12.5", left_out("return loss.mean() / math.log(2)"), "in nats"),
        ("12.5", left_out("return 1.001 * loss.mean()"), "for 11 tokens: "),
        ("12.5", left_out("return loss.mean() * (1 if V == 3 else 1.001)"), "for 40 tokens: "),
        ("12.6", neck("U *= 2; return d_E, d_U"), "an argument has changed"),
        ("12.6", neck("d_E, d_U"), "bottleneck_gradients gives None"),
        ("12.6", neck("return d_E, d_U, 0"), "two gradients, d_E and d_U, not 3"),
        ("12.6", neck("return d_E.T, d_U"), "d_E like E, (4, 2), not (2, 4)"),
        ("12.6", neck("return d_E, d_U.T"), "d_U like U, (2, 4), not (4, 2)"),
        ("12.6", neck("return -d_E, -d_U"), "the sign: P − Y"),
        ("12.6", neck(NO_TARGET), "P − Y: what came is missing"),
        ("12.6", neck("return 1.001 * d_E, d_U"), "d_E is off by 1.6e-04"),
        ("12.6", neck("return d_E, 1.001 * d_U"), "d_U is off by 2.8e-04"),
        ("12.6", neck("return d_E, d_U if V == 4 else 1.001 * d_U"), "d_U is off by 4.0e-04"),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong_with_it(answered, number, code, diagnosis):
    with pytest.raises(AssertionError) as told:
        answered(number, code)
    assert diagnosis in str(told.value)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("12.1", paper("np.float32(1 / 3)", "0.0", "0.14285714")),
        ("12.2", letters(a="yes").replace("'yes'", "np.bool_(True)")),
        ("12.3", model("return shares.tolist()")),
        ("12.4", byte("return np.float64(bits)")),
        (
            "12.4",
            "def per_byte(perplexity, tokens, text):\n"
            "    return math.log(perplexity) / math.log(2) * tokens / len(bytes(text, 'utf-8'))",
        ),
        ("12.5", left_out("return np.array(loss.mean())")),
        (
            "12.5",
            "def leave_one_out(ids, V, alpha):\n    losses = []\n"
            "    for t in range(len(ids) - 1):\n        C = np.full((V, V), alpha)\n"
            "        for s in range(len(ids) - 1):\n"
            "            C[ids[s], ids[s + 1]] += s != t\n"
            "        losses.append(-math.log(C[ids[t], ids[t + 1]] / C[ids[t]].sum()))\n"
            "    return sum(losses) / len(losses)",
        ),
        ("12.6", neck("return [d_E.tolist(), d_U.tolist()]")),
    ],
)
def test_a_right_answer_of_another_type_or_way_is_accepted(answered, number, code, capsys):
    answered(number, code)
    assert capsys.readouterr().out.startswith("Right")

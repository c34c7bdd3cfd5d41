"""Answers to chapter 20's exercises that the page does not show: each diagnosis is earned."""

import pytest

PAGE = "docs/transformer/gradients.md"


def paper(row_sum="4", d_s="[0, -1, 1]", d_k3="3") -> str:
    return f"row_sum, d_s, d_k3 = {row_sum}, {d_s}, {d_k3}"


def letters(**answers) -> str:
    right = {"a": False, "b": True, "c": True, "d": False, "e": False, "f": False}
    return f"answers = {right | answers}"


def padded(result: str) -> str:
    return (
        "def padded_loss_backward(logits, targets):\n"
        "    real = (targets >= 0)[..., None]\n"
        "    each = softmax(logits) - (np.arange(logits.shape[-1]) == targets[..., None])\n"
        f"    {result}"
    )


def turned(result: str) -> str:
    return f"def rope_backward(d_Y, positions):\n    {result}"


def shared(result: str) -> str:
    return (
        "def shared_backward(d_O, cache):\n"
        "    d_Q, d_K, d_V = attention_backward(d_O, cache)\n"
        "    k, v = d_K.sum(axis=1, keepdims=True), d_V.sum(axis=1, keepdims=True)\n"
        f"    {result}"
    )


def post(result="d_1 + d_x + d_source", skip="d_2", more="{}", pair=True) -> str:
    end = f"{result}, grads | more | norms | {more}" if pair else result
    return (
        "def post_block_backward(d_Y, cache, p, H):\n"
        "    d_2, g2, b2 = layer_norm_backward(d_Y, cache['norm2'])\n"
        "    d_N, grads = feed_forward_backward(d_2, cache['ffn'], p)\n"
        f"    d_S = {skip} + d_N\n"
        "    d_1, g1, b1 = layer_norm_backward(d_S, cache['norm1'])\n"
        "    d_x, d_source, more = multi_head_backward(d_1, cache['attention'], p, H)\n"
        "    norms = {'gamma1': g1, 'beta1': b1, 'gamma2': g2, 'beta2': b2}\n"
        f"    return {end}"
    )


@pytest.mark.parametrize(
    ("number", "code", "diagnosis"),
    [
        ("20.1", paper("None"), "put a number in the place of each None"),
        ("20.1", paper(d_s="[0, 1]"), "d_s has three"),
        ("20.1", paper("12"), "12 adds the three without their weights"),
        ("20.1", paper("3"), "the row sum is not 3: 4/2 + 0/4 + 8/4"),
        ("20.1", paper(d_s="[0, -1, 2]"), "must add up to 0, and yours to 1"),
        ("20.1", paper(d_s="[0, 1, -1]"), "a_j times (d_a_j minus 4)"),
        ("20.1", paper(d_s="[0, -4, 4]"), "not yet times the weights"),
        ("20.1", paper(d_k3="12"), "d_s of the third, times 6, divided by 2"),
        ("20.2", "answers = {'a': True}", "keep the starter's form"),
        ("20.2", letters(a=None), "not answered yet: a"),
        ("20.2", letters(c="yes"), "c: answer True or False, not 'yes'"),
        ("20.2", letters(b=False), "b: nobody looked the row up"),
        ("20.2", letters(c=False), "c: the weight there is exactly 0"),
        ("20.2", letters(f=True), "f: the first query may not look"),
        ("20.3", padded("logits -= 1\n    return each"), "an argument was changed"),
        ("20.3", padded("targets[targets < 0] = 0\n    return each"), "an argument was changed"),
        ("20.3", padded("each * real"), "does it return its result"),
        ("20.3", padded("return each[:, 0]"), "shaped like logits, not (2, 5)"),
        ("20.3", padded("return each / targets.size"), "and padding still pushes"),
        ("20.3", padded("return each * real / targets.size"), "only 4 are real"),
        ("20.3", padded("return each * real"), "the gradient of the sum"),
        ("20.3", padded("return gpt_loss_backward(logits, targets % 5) * 2"), "the last word"),
        ("20.3", padded("return -each * real / real.sum()"), "wrong for targets with padding"),
        ("20.3", padded("return each * real / real.sum() * (1 + 1e-4)"), "wrong for targets"),
        ("20.3", padded("return each * real / 4"), "wrong for other texts"),
        ("20.3", padded("return each * real / max(real.sum(), 2)"), "wrong for other texts"),
        ("20.3", padded("return each * real / real.sum()"), "padding alone: 0, not 0/0"),
        ("20.4", turned("d_Y *= 2\n    return rope(d_Y, -positions)"), "d_Y was changed in place"),
        ("20.4", turned("rope(d_Y, -positions)"), "does it return its result"),
        (
            "20.4",
            turned("return rope(d_Y, -positions)[..., 0]"),
            "shaped like d_Y, (5, 4), not (5,)",
        ),
        ("20.4", turned("return d_Y.copy()"), "nothing was turned"),
        ("20.4", turned("return rope(d_Y, positions[::-1])"), "each row has its own position"),
        ("20.4", turned("return rope(d_Y, -positions / 2)"), "central differences find other"),
        ("20.4", turned("return rope(d_Y, -positions * 1.001)"), "central differences find other"),
        ("20.5", shared("pass"), "does it return its results"),
        ("20.5", shared("return d_Q, k"), "return three arrays"),
        ("20.5", shared("return d_Q, d_K.sum(axis=2, keepdims=True), v"), "another shape"),
        ("20.5", shared("return d_Q, d_K, v"), "one for each head"),
        ("20.5", shared("return d_Q.sum(axis=1, keepdims=True), k, v"), "d_Q is (2, 3, 4, 5), not"),
        ("20.5", shared("return d_Q, k, v * 1.0001"), "d_V has other numbers"),
        ("20.5", shared("return d_Q, d_K[:, :1], d_V[:, :1]"), "first head's gradient alone"),
        ("20.5", shared("return -d_Q, k, v"), "d_Q has other numbers"),
        ("20.6", post(pair=False), "return two things"),
        ("20.6", post("d_1, grads | more", pair=False), "no gradient for beta1, beta2, gamma1"),
        ("20.6", post("d_x + d_source"), "the skip past the heads is missing"),
        ("20.6", post("d_S + d_x + d_source"), "begins behind norm 1"),
        ("20.6", post("d_1 + d_x + d_source * 1.001"), "d_X: differences find other slopes"),
        ("20.6", post(more="{'b_q': more['b_q'] * 1.001}"), "b_q: central differences find"),
        ("20.6", post(more="{'gamma2': g1}"), "gamma2: central differences find"),
    ],
)
def test_other_mistakes_get_their_diagnosis(answered, number, code, diagnosis):
    with pytest.raises(AssertionError) as failure:
        answered(number, code)
    assert diagnosis in str(failure.value)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("20.1", paper("4.0", "np.array([0, -1, 1])", "np.float64(3)")),
        ("20.1", paper(d_s="(-0.0, -1.0, 1.0)")),
        ("20.2", letters(a="np.False_", b="np.True_").replace("'np.", "np.").replace("_'", "_")),
        ("20.3", padded("return (each * real / max(real.sum(), 1)).tolist()")),
        ("20.4", turned("return rope(d_Y, -positions).tolist()")),
        ("20.4", turned("return rope(d_Y, [-place for place in positions])")),
        ("20.5", shared("return [d_Q, k, v]")),
        ("20.5", shared("return d_Q.tolist(), k.tolist(), v.tolist()")),
        ("20.6", post()),
    ],
)  # fmt: skip
def test_right_answers_of_other_kinds_are_accepted(answered, number, code):
    answered(number, code)


def test_the_table_of_gradients_sees_one_that_is_off_by_two_trillionths(run, monkeypatch):
    right = run.namespace["steps"]
    row = run.namespace["row"]
    assert row("S").endswith("yes   ")
    monkeypatch.setitem(run.namespace, "steps", right | {"S": right["S"] + 2e-12})
    assert row("S").endswith("no    ")

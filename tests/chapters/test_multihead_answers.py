"""Answers to chapter 16's exercises that the page does not show: every diagnosis is earned."""

import pytest

PAGE = "docs/transformer/multihead.md"


def counted(**answers) -> str:
    right = {"head_width": 64, "parameters": 1_048_576, "attention_weights": 80_000, "factor": 2}
    return "\n".join(f"{name} = {value!r}" for name, value in (right | answers).items())


def merge(result: str) -> str:
    return f"def merge(Z):\n    B, H, T, d = Z.shape\n    {result}"


def letters(**answers) -> str:
    right = {"a": True, "b": False, "c": True, "d": False, "e": True, "f": False}
    return f"answers = {right | answers}"


def without(result: str) -> str:
    return (
        "def without_heads(X, p, H, off):\n    Y, cache = multi_head_attention(X, p, H)\n"
        "    added = head_contributions(cache, p['W_o'])\n    d = X.shape[-1] // H\n"
        "    out = added[..., off, :, :].sum(axis=-3)\n"
        f"    {result}"
    )


def gpt2(
    before: str = "",
    scores: str = "Q @ K.swapaxes(-1, -2) / math.sqrt(d)",
    parts: str = "np.split(X @ W_qkv + b_qkv, 3, axis=-1)",
    mask: str = "causal_mask(T)",
    result: str = "return merge_heads(A @ V) @ W_o + b_o",
) -> str:
    return (
        "def gpt2_attention(X, W_qkv, b_qkv, W_o, b_o, H):\n    B, T, D = X.shape\n    d = D // H\n"
        f"    {before or 'pass'}\n    Q, K, V = (split_heads(part, H) for part in {parts})\n"
        f"    A = masked_softmax({scores}, {mask})\n    {result}"
    )


def copying(*changes: str, result: str = "return p") -> str:
    lines = (
        'p = {f"W_{letter}": np.zeros((4, 4)) for letter in "qkvo"}',
        'p |= {f"b_{letter}": np.zeros(4) for letter in "qkvo"}',
        'p["b_q"][[0, 2]] = 30',
        'p["W_k"][[0, 1], [0, 2]] = 1',
        'p["W_v"][[2, 3], [0, 2]] = 1',
        'p["W_o"][[0, 2], [2, 3]] = 1',
        *changes,
        result,
    )
    return "def copying_layer():\n    " + "\n    ".join(lines)


@pytest.mark.parametrize(
    ("number", "code", "diagnosis"),
    [
        ("16.1", counted(factor=None), "factor is still None"),
        ("16.1", counted(head_width="64"), "head_width is one number, not '64'"),
        ("16.1", counted(head_width=512), "the heads share the width"),
        ("16.1", counted(head_width=4096), "divide the width among the heads"),
        ("16.1", counted(head_width=63), "head_width: count again"),
        ("16.1", counted(parameters=512**2), "that is one matrix, and there are four"),
        ("16.1", counted(parameters=3 * 512**2), "W_o is a fourth matrix"),
        ("16.1", counted(parameters=4 * 512 * 64), "that is one head's share"),
        ("16.1", counted(parameters=4 * 512**2 + 4 * 512), "this layer has no biases"),
        ("16.1", counted(attention_weights=100**2), "that is one head: there are eight"),
        ("16.1", counted(attention_weights=800), "a weight for each of the 100"),
        ("16.1", counted(factor=1), "each head has its own weights"),
        ("16.1", counted(factor=4), "T grows squared, and H does not"),
        ("16.2", merge("Z.reshape(B, T, H * d)"), "merge gives None"),
        (
            "16.2",
            merge("return Z.reshape(B, T, H)"),
            "NumPy says, for (2, 2, 3, 2): cannot",
        ),
        ("16.2", merge("return 'heads'"), "NumPy says"),
        ("16.2", merge("return merge_heads(Z[:, ::-1])"), "head 1 comes before head 0"),
        ("16.2", merge("return 2 * merge_heads(Z)"), "token 0 must be"),
        ("16.2", merge("Y = merge_heads(Z)\n    Z[:] = 0\n    return Y"), "changes its argument"),
        (
            "16.2",
            merge("return np.concatenate([Z[:, 0], Z[:, -1]], axis=-1)"),
            "wrong for B, H, T, d = 1, 3, 4, 2",
        ),
        ("16.3", "answers = [True] * 6", "keep the starter's form"),
        ("16.3", letters(g=True), "keep the starter's form"),
        ("16.3", letters(c=None), "not answered yet: c"),
        ("16.3", letters(c="True"), "c: answer True or False, not 'True'"),
        ("16.3", letters(a=False), "a: the terms of the sum change places"),
        ("16.3", letters(b=True), "b: each head now asks"),
        ("16.3", letters(c=False), "c: head h meets these rows"),
        ("16.3", letters(e=False), "e: broadcasting repeats it"),
        ("16.4", without("Y - out"), "without_heads gives None"),
        ("16.4", without("return (Y - out)[0]"), "Y is (2, 5, 6), like X, and not (5, 6)"),
        ("16.4", without("return out + p['b_o']"), "that is the head to leave out"),
        ("16.4", without("return out"), "that is the head to leave out"),
        (
            "16.4",
            without("return Y - added[..., [h - 1 for h in off], :, :].sum(axis=-3)"),
            "heads count from 0",
        ),
        ("16.4", without("return (Y - out) * H / (H - len(off))"), "no scale"),
        (
            "16.4",
            without(
                "q = {name: array.copy() for name, array in p.items()}\n"
                "    for h in off:\n        q['W_q'][:, h * d : h * d + d] = 0\n"
                "        q['b_q'][h * d : h * d + d] = 0\n"
                "    return multi_head_attention(X, q, H)[0]"
            ),
            "without queries it still averages",
        ),
        ("16.4", without("return Y + out"), "with head 1 of 3 off, the numbers are wrong"),
        ("16.4", without("return 1.0001 * (Y - out)"), "with head 1 of 3 off"),
        ("16.4", without("return Y - added[..., 1, :, :]"), "right for off = [1], wrong for []"),
        (
            "16.4",
            without("return Y - out if len(off) < 2 else Y - added[..., off[0], :, :]"),
            "wrong for [0, 2]",
        ),
        (
            "16.4",
            without("return Y - out if len(off) < 3 else np.zeros_like(Y)"),
            "wrong for [2, 1, 0]",
        ),
        ("16.5", gpt2(result="merge_heads(A @ V)"), "gpt2_attention gives None"),
        ("16.5", gpt2(result="return merge_heads(A @ V)[0]"), "Y is (2, 5, 8), like X"),
        ("16.5", gpt2(parts="np.split(X @ W_qkv.T + b_qkv, 3, -1)"), "for X (2, 5, 8), H = 4: "),
        ("16.5", gpt2(before="X += 1"), "gpt2_attention changes an argument"),
        ("16.5", gpt2(before="b_o *= 1.5"), "gpt2_attention changes an argument"),
        ("16.5", gpt2(mask="None"), "later tokens are seen"),
        ("16.5", gpt2(mask="causal_mask(T).T"), "mask turned"),
        ("16.5", gpt2(result="return merge_heads(A @ V) @ W_o"), "b_o is missing"),
        ("16.5", gpt2(result="return merge_heads(A @ V)"), "W_o is missing"),
        ("16.5", gpt2(parts="np.split(X @ W_qkv, 3, axis=-1)"), "b_qkv is missing"),
        ("16.5", gpt2(scores="K @ Q.swapaxes(-1, -2) / math.sqrt(d)"), "queries come first"),
        ("16.5", gpt2(scores="Q @ K.swapaxes(-1, -2)"), "wrong for (B, T, D) = (2, 5, 8), H = 4"),
        ("16.5", gpt2(result="return 1.0001 * (merge_heads(A @ V) @ W_o + b_o)"), "wrong for"),
        (
            "16.5",
            gpt2(result="return (A @ V).reshape(B, T, D) @ W_o + b_o"),
            "wrong for (B, T, D) = (2, 5, 8), H = 4",
        ),
        ("16.5", gpt2(before="W_o = W_o * (1 + (H == 1))"), "(1, 3, 6), H = 1"),
        ("16.5", gpt2(before="H = H if H % 3 else 1; d = D // H"), "(3, 4, 6), H = 3"),
        ("16.6", "def copying_layer():\n    return None", "return a dict with W_q, W_k"),
        ("16.6", copying('del p["b_o"]'), "return a dict with"),
        ("16.6", copying('p["b_k"] = np.zeros((1, 4))'), "b_k must be (4,), and yours is (1, 4)"),
        ("16.6", copying('p["W_o"] = np.zeros((4, 2))'), "W_o must be (4, 4)"),
        ("16.6", copying('p["W_o"][0, 0] = 1'), "columns 0 and 1 of the output must be 0"),
        ("16.6", copying('p["b_o"][1] = 0.01'), "columns 0 and 1 of the output must be 0"),
        ("16.6", copying('p["b_o"][0] = 0.0015'), "columns 0 and 1 of the output must be 0"),
        ("16.6", copying('p["b_o"][2] = 0.0015'), "u is off by 0.0015"),
        ("16.6", copying('p["W_o"][2, 3] = 0'), "v does not arrive: its column is 0"),
        ("16.6", copying('p["W_k"] *= 0'), "u is the mean of all tokens"),
        ("16.6", copying('p["b_q"][2] = 0'), "v is the mean of all tokens"),
        ("16.6", copying('p["W_k"][1] = [1, 0, 1, 0]; p["W_k"][0] = 0'), "u comes from the other"),
        ("16.6", copying('p["W_v"][[2, 3]] = p["W_v"][[3, 2]]'), "u is exchanged with the other"),
        ("16.6", copying('p["W_o"][2, 3] = 2'), "v arrives twice as large"),
        ("16.6", copying('p["W_o"][0, 2] = -1'), "u arrives with the wrong sign"),
        ("16.6", copying('p["b_q"][2] = 8'), "v is off by"),
        ("16.6", copying('p["W_o"][0, 2] = 1.01'), "u is off by"),
        ("16.6", copying('p["W_q"][0, 0] = -22'), "u differs between rows"),
        ("16.6", copying('p["b_q"][[0, 2]] = 13.5'), "u is off by"),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong_with_it(answered, number, code, diagnosis):
    with pytest.raises(AssertionError) as told:
        answered(number, code)
    assert diagnosis in str(told.value)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("16.1", counted(head_width=64.0, factor=2.0)),
        ("16.1", counted() + "\nattention_weights = np.int64(80_000)"),
        ("16.2", merge("return merge_heads(Z)")),
        ("16.2", merge("return [[list(Z[b, :, t].ravel()) for t in range(T)] for b in range(B)]")),
        ("16.2", merge("return np.einsum('bhtd->bthd', Z).reshape(B, T, -1)")),
        ("16.3", letters() + "\nanswers['a'] = np.bool_(True)"),
        ("16.4", without("return (Y - out).tolist()")),
        (
            "16.4",
            without(
                "stay = [h for h in range(H) if h not in off]\n"
                "    return added[..., stay, :, :].sum(axis=-3) + p['b_o']"
            ),
        ),
        ("16.5", gpt2(result="return np.stack([multi_head_loop(X[b], dict(zip("
            "('W_q', 'W_k', 'W_v', 'b_q', 'b_k', 'b_v', 'W_o', 'b_o'), (*np.split(W_qkv, 3, 1),"
            " *np.split(b_qkv, 3), W_o, b_o))), H, causal_mask(T))[0] for b in range(B)])")),
        ("16.5", gpt2(result="return (merge_heads(A @ V) @ W_o + b_o).tolist()")),
        ("16.6", copying('p["b_q"][[0, 2]] = 1000')),
        ("16.6", copying('p["b_o"][:] = 0.0007')),
        ("16.6", copying("p = {name: array.tolist() for name, array in p.items()}")),
        ("16.6", copying('p["b_q"][[0, 2]] = -30; p["W_k"] *= -1')),
    ],
)  # fmt: skip
def test_a_right_answer_of_another_type_or_way_is_accepted(answered, number, code, capsys):
    answered(number, code)
    assert capsys.readouterr().out.startswith("Right")

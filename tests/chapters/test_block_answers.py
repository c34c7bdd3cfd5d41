"""Answers to chapter 18's exercises that the page does not show: one for each diagnosis."""

import pytest

PAGE = "docs/transformer/block.md"


def paper(layer="[-1, 1]", rms="[0.2, 1.4]", d_x="[0.196, -0.028]") -> str:
    return f"layer_normed, rms_normed, d_x = {layer}, {rms}, {d_x}"


def letters(**answers) -> str:
    right = {"a": True, "b": False, "c": False, "d": False, "e": True, "f": False}
    return f"answers = {right | answers}"


def width(result: str) -> str:
    return (
        "def gated_width(D, multiple):\n"
        "    F = -(-8 * D // (3 * multiple)) * multiple\n"
        f"    {result}"
    )


def wire(result: str) -> str:
    return (
        "def wire(X, norm1, attend, norm2, think):\n"
        "    N = norm1(X)\n    S = X + attend(N)\n"
        f"    {result}"
    )


def growth(rms="7", ratio="7", shrink="48**-0.5") -> str:
    return f"rms_end, gradient_ratio, shrink = {rms}, {ratio}, {shrink}"


def centre(result: str) -> str:
    return (
        "def centre(p):\n    names = ('W_o', 'b_o', 'W2', 'b2')\n"
        "    q = p | {k: p[k] - p[k].mean(axis=-1, keepdims=True) for k in names}\n"
        f"    {result}"
    )


@pytest.mark.parametrize(
    ("number", "code", "diagnosis"),
    [
        ("18.1", paper(layer="None"), "layer_normed is still None"),
        ("18.1", paper(d_x="None"), "d_x is still None"),
        ("18.1", paper(rms="5"), "rms_normed is two numbers, not 5"),
        ("18.1", paper(layer="[-3, 3]"), "layer_normed: divide by the spread"),
        ("18.1", paper(layer="[-(0.5**0.5), 0.5**0.5]"), "by D, not by D − 1"),
        ("18.1", paper(layer="[1 / 3, 7 / 3]"), "subtract the mean, 4, first"),
        ("18.1", paper(rms="[1 / 25, 7 / 25]"), "25 is the mean square"),
        ("18.1", paper(rms="[-1, 1]"), "RMSNorm does not subtract"),
        ("18.1", paper(d_x="[0.192, -0.056]"), "over two entries, not the sum"),
        ("18.1", paper(d_x="[0.98, -0.14]"), "divide by r, which is 5"),
        ("18.1", paper(d_x="[0.204, 0.028]"), "the way through r is subtracted"),
        ("18.1", paper(d_x="[0, 0]"), "that is layer norm's gradient"),
        ("18.1", paper(layer="[-1, 1.01]"), "layer_normed is not [-1, 1.01]"),
        ("18.1", paper(rms="[0.2, 1.41]"), "rms_normed is not [0.2, 1.41]"),
        ("18.1", paper(d_x="[0.196, 0.028]"), "d_x is not [0.196, 0.028]"),
        ("18.2", "answers = [True]", "keep the starter's form"),
        ("18.2", "answers = {'a': True}", "keep the starter's form"),
        ("18.2", letters(e=None), "not answered yet: e"),
        ("18.2", letters(b="no"), "b: answer True or False, not 'no'"),
        ("18.2", letters(a=False), "a: nothing but additions"),
        ("18.2", letters(b=True), "b: each norm rescales"),
        ("18.2", letters(d=True), "d: it works on each row by itself"),
        ("18.2", letters(e=False), "e: all entries are divided"),
        ("18.3", width("F"), "gated_width gives None"),
        ("18.3", width("return float(F)"), "a width is an int"),
        ("18.3", width("return True"), "a width is an int, not True"),
        ("18.3", width("return -(-8 * D // 3)"), "round up to a multiple of 256"),
        ("18.3", width("return F + multiple"), "it is 13,824, not 14080"),
        ("18.3", width("return F if D > 96 else 320"), "it is 256, not 320"),
        ("18.3", width("return F if D != 97 else F - multiple"), "too small"),
        ("18.3", width("return F + (D == 97 and multiple > 1)"), "no multiple of 3"),
        ("18.3", width("return F + (D == 97 and multiple == 1)"), "259 would do as well"),
        ("18.3", width("return F - (D == 1)"), "2 for D = 1: too small"),
        ("18.3", width("return F + (multiple == 64)"), "no multiple of 64"),
        ("18.4", wire("S"), "wire gives None"),
        ("18.4", wire("return (S + think(norm2(S)))[0]"), "the shape must stay (3, 4)"),
        ("18.4", wire("A = norm1(X + attend(X)); return norm2(A + think(A))"), "post-LN"),
        ("18.4", wire("A = attend(N); return A + think(norm2(A))"), "attention replaces X"),
        ("18.4", wire("return think(norm2(S))"), "the network replaces the stream"),
        ("18.4", wire("return X + think(norm2(S))"), "starts from the first, not from X"),
        ("18.4", wire("return S + think(norm1(S))"), "norm1 is used twice"),
        ("18.4", wire("return S + think(S)"), "reads the sum without a norm"),
        ("18.4", wire("A = X + attend(X); return A + think(norm2(A))"), "reads X without a norm"),
        ("18.4", wire("return norm2(S + think(norm2(S)))"), "another wiring"),
        ("18.5", growth(ratio="None"), "gradient_ratio is still None"),
        ("18.5", growth(shrink="'0.144'"), "shrink is one number, not '0.144'"),
        ("18.5", growth(rms="48**0.5"), "mean square of 1 is there too"),
        ("18.5", growth(ratio="49"), "49 is the ratio of mean squares"),
        ("18.5", growth(ratio="1 / 7"), "the other way round"),
        ("18.5", growth(ratio="1"), "each block adds to the gradient"),
        ("18.5", growth(shrink="1 / 48"), "mean squares get the factor"),
        ("18.5", growth(shrink="24**-0.5"), "and c is 2"),
        ("18.5", growth(shrink="2**0.5 / 7"), "the embeddings do not shrink"),
        ("18.5", growth(rms="7.1"), "rms_end is not 7.1"),
        ("18.5", growth(shrink="0.146"), "shrink is not 0.146"),
        ("18.6", centre("p.update(q); return p"), "centre changes its argument"),
        ("18.6", centre("return list(q)"), "centre returns a dict, not"),
        ("18.6", centre("return {k: q[k] for k in names}"), "with all the names of p"),
        ("18.6", centre("return q | {'b2': q['b2'][None]}"), "b2 must stay (8,)"),
        ("18.6", centre("return q | {'W2': p['W2'] - p['W2'].mean()}"), "W2: every row has"),
        ("18.6", centre("return q | {'W2': p['W2']}"), "W2: it writes into the stream"),
        ("18.6", centre("return q | {'W1': p['W1'] - 1}"), "W1 does not write: leave it"),
        ("18.6", centre("return q | {'b2': 0 * p['b2']}"), "b2: subtract the mean and"),
        ("18.6", centre("return q | {'b2': q['b2'] + 0.01}"), "b2: means up to 0.010"),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong_with_it(answered, number, code, diagnosis):
    with pytest.raises(AssertionError) as told:
        answered(number, code)
    assert diagnosis in str(told.value)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("18.1", paper("np.array([-1.0, 1.0])", "(1 / 5, 7 / 5)", "np.array([49, -7]) / 250")),
        ("18.2", letters().replace("'a': True", "'a': np.bool_(True)")),
        ("18.3", width("return np.int64(F)")),
        ("18.4", wire("return think(norm2(S)) + attend(N) + X")),
        ("18.4", wire("return (S + think(norm2(S))).tolist()")),
        ("18.5", growth("7.0", "np.sqrt(49)", "0.1443")),
        ("18.6", centre("return {k: q[k].copy() for k in sorted(q)}")),
    ],
)
def test_a_right_answer_of_another_type_or_way_is_accepted(answered, number, code, capsys):
    answered(number, code)
    assert capsys.readouterr().out.startswith("Right")

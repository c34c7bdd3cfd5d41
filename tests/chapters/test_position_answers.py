"""Answers to chapter 17's exercises that the page does not show: each diagnosis is earned by one.

The page shows the likeliest mistakes. Here are others that readers make, and right answers of other
types and ways, which a check must accept.
"""

import pytest

PAGE = "docs/transformer/position.md"


def paper(omegas="[1, 0.1, 0.01]", wavelength="200 * math.pi", squared="3") -> str:
    return f"omegas = {omegas}\nslowest_wavelength = {wavelength}\nsquared_length = {squared}"


def halves(result: str, angles: str = "np.outer(np.arange(T), frequencies(D))") -> str:
    return f"def sinusoid_halves(T, D):\n    angles = {angles}\n    {result}"


SIDE_BY_SIDE = "return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)"


def letters(**answers) -> str:
    right = {"a": True, "b": True, "c": False, "d": True, "e": False, "f": False}
    return f"answers = {right | answers}"


def partial(result: str) -> str:
    return f"def partial_rope(X, positions, r):\n    {result}"


def pairs(result: str) -> str:
    return f"def columns_to_pairs(W, H):\n    D = W.shape[1]\n    {result}"


def bias(
    result: str = "return np.where(back >= 0, -price, -np.inf)",
    first: str = "T_k - T_q",
    slopes: str = "alibi_slopes(H)",
) -> str:
    return (
        "def alibi_bias(H, T_q, T_k):\n"
        f"    back = {first} + np.arange(T_q)[:, None] - np.arange(T_k)\n"
        f"    price = {slopes}[:, None, None] * back\n"
        f"    {result}"
    )


@pytest.mark.parametrize(
    ("number", "code", "diagnosis"),
    [
        ("17.1", paper("1"), "omegas are three numbers, in a list, not 1"),
        ("17.1", paper("[1, 0.1]"), "omegas are three numbers"),
        ("17.1", paper("[1, '0.1', 0.01]"), "put a number in the place of '0.1'"),
        ("17.1", paper(wavelength="None"), "put a number in the place of None"),
        ("17.1", paper(squared="None"), "put a number in the place of None"),
        ("17.1", paper("[1, 10, 100]"), "the exponent has a minus"),
        ("17.1", paper("[0.01, 0.1, 1]"), "the first hand, i = 0, is the fastest"),
        ("17.1", paper("[1, 0.01, 0.0001]"), "divide by D, 6, not by the number of hands"),
        ("17.1", paper("[1, 0.1, 0.02]"), "omegas are not [1, 0.1, 0.02]"),
        ("17.1", paper(wavelength="100 * math.pi"), "the wavelength is 2π / 0.01, not 314."),
        ("17.1", paper(wavelength="630"), "the wavelength is 2π / 0.01, not 630"),
        ("17.1", paper(squared="6"), "6 is the number of entries"),
        ("17.1", paper(squared="17"), "three pairs, and each adds 1: not 17"),
        ("17.2", halves("angles"), "sinusoid_halves gives None"),
        ("17.2", halves("return angles"), "make (5, 6), not (5, 3)"),
        ("17.2", halves(SIDE_BY_SIDE + ".T"), "yours has a column for each"),
        ("17.2", halves("return sinusoids(T, D)"), "put all the sines first"),
        (
            "17.2",
            halves(SIDE_BY_SIDE, "np.arange(T)[:, None] * 1e4 ** (-np.arange(D // 2) / D)"),
            "the exponent is −2i/D, with a 2",
        ),
        (
            "17.2",
            halves(SIDE_BY_SIDE, "np.degrees(np.outer(np.arange(T), frequencies(D)))"),
            "is each angle ω·t?",
        ),
        (
            "17.2",
            halves(SIDE_BY_SIDE, "np.outer(np.arange(T) % 6, frequencies(D))"),
            "wrong for T = 7, D = 16",
        ),
        *[
            (
                "17.2",
                halves(SIDE_BY_SIDE, f"np.outer(np.arange(T) + (T == {T}), frequencies(D))"),
                f"wrong for T = {T}, D = {D}",
            )
            for T, D in ((1, 2), (40, 10))
        ],
        ("17.3", "answers = [True] * 6", "keep the starter's form"),
        ("17.3", "answers = {'a': True}", "keep the starter's form"),
        ("17.3", letters(f=None), "not answered yet: f"),
        ("17.3", letters(c="no"), "c: answer True or False, not 'no'"),
        ("17.3", letters(a=False), "a: place 4 looks at all five words"),
        ("17.3", letters(c=True), "c: word 3 was hidden from place 2"),
        ("17.3", letters(d=False), "d: each score depends on a difference"),
        ("17.3", letters(f=True), "f: the values are turned further"),
        ("17.4", partial("rope(X, positions)"), "partial_rope gives None"),
        ("17.4", partial("return rope(X[..., :r], positions)"), "(2, 3, 5, 8) must stay"),
        ("17.4", partial("return X.copy()"), "nothing is turned yet"),
        ("17.4", partial("return rope(X, positions)"), "everything is turned"),
        (
            "17.4",
            partial("return np.concatenate([X[..., :r], rope(X[..., r:], positions)], axis=-1)"),
            "the last entries are turned",
        ),
        (
            "17.4",
            partial(
                "return np.concatenate([rope_halves(X[..., :r], positions), X[..., r:]], axis=-1)"
            ),
            "pairs are neighbours here",
        ),
        (
            "17.4",
            partial(
                "return np.concatenate([rope(X[..., :r], positions), 0 * X[..., r:]], axis=-1)"
            ),
            "entries from r on must stay",
        ),
        (
            "17.4",
            partial("return np.concatenate([rope(X[..., :r], -positions), X[..., r:]], axis=-1)"),
            "the first r: as by rope of width r",
        ),
        (
            "17.4",
            partial(
                "r = r or 2\n"
                "    return np.concatenate([rope(X[..., :r], positions), X[..., r:]], axis=-1)"
            ),
            "wrong for r = 0",
        ),
        ("17.5", pairs("columns_to_halves(W, H)"), "columns_to_pairs gives None"),
        ("17.5", pairs("return W.reshape(D, H, -1)"), "(16, 16) must stay (16, 16)"),
        ("17.5", pairs("W[:] = columns_to_halves(W, H)\n    return W"), "W was changed"),
        ("17.5", pairs("return W[:, halves_order(D)]"), "from pairs to halves, and across heads"),
        ("17.5", pairs("return W[:, ::2].repeat(2, axis=1)"), "columns are lost or changed"),
        ("17.5", pairs("return W[:, ::-1]"), "another order: 0, 4, 1, 5, … for H = 2"),
        (
            "17.5",
            pairs(
                "back = np.argsort(halves_order(8))\n    return W[:, [*back, *(8 + back)]]",
            ),
            "not undone for H = 1",
        ),
        ("17.6", bias("back"), "alibi_bias gives None"),
        ("17.6", bias("return np.where(back >= 0, price, -np.inf)"), "distance lowers a score"),
        ("17.6", bias("return price[0]"), "is (4, 2, 5), not (2, 5)"),
        ("17.6", bias(slopes="4.0 ** -np.arange(H)"), "h begins at 1, not 0"),
        ("17.6", bias(slopes="alibi_slopes(H)[::-1]"), "the first head has the steepest"),
        ("17.6", bias("return np.where(back >= 0, -price, -1e9)"), "−∞, not a large number"),
        ("17.6", bias(slopes="np.ones(H)"), "the last query of head 0 is [-4. -3."),
        (
            "17.6",
            bias(slopes="2.0 ** (-2 * np.arange(1, H + 1))"),
            "wrong for H = 1, T_q = 1, T_k = 9",
        ),
        ("17.6", bias(first="(T_k - T_q or 1)"), "wrong for H = 8, T_q = 6, T_k = 6"),
        ("17.6", bias(first="T_k - T_q + (T_q == 3)"), "wrong for H = 2, T_q = 3, T_k = 7"),
    ],
)
def test_each_other_diagnosis_is_earned(answered, number, code, diagnosis):
    with pytest.raises(AssertionError) as error:
        answered(number, code)
    assert diagnosis in str(error.value)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("17.1", paper("(1.0, 1 / 10, 1 / 100)", "628.3", "3.0")),
        ("17.1", paper("np.array([1, 0.1, 0.01])", "2 * np.pi / 0.01", "np.float64(3)")),
        ("17.1", paper("1000.0 ** (-np.arange(0, 6, 2) / 6)", "628", "6 / 2")),
        ("17.2", halves("return np.hstack([np.sin(angles), np.cos(angles)])")),
        ("17.2", halves("return sinusoids(T, D)[:, halves_order(D)].tolist()")),
        ("17.3", "answers = dict(zip('abcdef', np.array([1, 1, 0, 1, 0, 0], dtype=bool)))"),
        (
            "17.4",
            partial(
                "Y = np.array(X)\n    for t, p in enumerate(positions):\n"
                "        for i in range(0, r, 2):\n"
                "            R = rotation(p * 10_000 ** (-i / r))\n"
                "            Y[..., t, i : i + 2] = X[..., t, i : i + 2] @ R\n"
                "    return Y"
            ),
        ),
        (
            "17.5",
            pairs(
                "d = D // H\n"
                "    c = [h * d + j + k * d // 2 for h in range(H)"
                " for j in range(d // 2) for k in (0, 1)]\n"
                "    return W[:, c]"
            ),
        ),
        ("17.6", bias("return np.where(back < 0, -np.inf, -price)")),
        (
            "17.6",
            "def alibi_bias(H, T_q, T_k):\n"
            "    return [[[-(2 ** (-8 * h / H)) * (t - s) if s <= t else -math.inf\n"
            "              for s in range(T_k)] for t in range(T_k - T_q, T_k)]\n"
            "            for h in range(1, H + 1)]",
        ),
    ],
)
def test_other_right_answers_are_accepted(answered, number, code):
    answered(number, code)

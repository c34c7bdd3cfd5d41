"""Answers to chapter 2's exercises that the page does not show: each diagnosis is earned by one.

The page shows the likeliest mistakes. Here are others that readers make, and right answers of other
types and ways, which a check must accept.
"""

import pytest

PAGE = "docs/foundations/matrices.md"


def paper(PQ="[[7, 6], [15, -6]]", QP="[[2, 13], [10, -1]]") -> str:
    return f"PQ, QP = {PQ}, {QP}"


def letters(**answers) -> str:
    right = {"a": (4, 4), "b": (4, 3), "c": "error", "d": (4, 3)}
    right |= {"e": (4, 3), "f": (2, 4, 4), "g": (4,), "h": "error"}
    return f"answers = {right | answers}"


def rows(body: str) -> str:
    return f"def normalise_rows(X):\n    {body}"


def plane(W="[[2, 1], [-1, 1]]", image="[4, 5]", factor="3", start="[2, 3]") -> str:
    return f"W_of_map, image, factor, start = {W}, {image}, {factor}, {start}"


def heads(body: str) -> str:
    return f"def split_heads(X, H):\n    T, K = len(X), X.shape[1] // H\n    {body}"


def distances(body: str) -> str:
    return f"def squared_distances(X, Y):\n    {body}"


@pytest.mark.parametrize(
    ("number", "code", "diagnosis"),
    [
        ("2.1", paper("None"), "PQ is still None"),
        ("2.1", paper(QP="None"), "QP is still None"),
        ("2.1", paper("7"), "PQ is two rows of two numbers, not 7"),
        ("2.1", paper("[[7, 6], [15]]"), "PQ is two rows of two numbers"),
        ("2.1", paper("'7 6'"), "PQ is two rows of two numbers, not '7 6'"),
        ("2.1", paper(QP="[[7, 6], [15, -6]]"), "QP: that is PQ: the rows come from Q"),
        ("2.1", paper("[[7, 15], [6, -6]]"), "PQ: rows and columns of the result"),
        ("2.1", paper("[[6, 8], [12, -6]]"), "PQ: rows times rows: take the columns of Q"),
        ("2.1", paper("[[7, 6], [15, 6]]"), "PQ, row 2, column 2 is 0×4 + 3×-2, not 6"),
        ("2.1", paper(QP="[[2, 13], [9, -1]]"), "QP, row 2, column 1 is 5×2 + -2×0, not 9"),
        ("2.2", "answers = [(4, 4)]", "keep the starter's form"),
        ("2.2", "answers = {'a': (4, 4)}", "keep the starter's form"),
        ("2.2", letters(d=None, f=None), "not answered yet: d, f"),
        ("2.2", letters(c=True), 'c: answer with a tuple or "error", not True'),
        ("2.2", letters(c="no"), "c: answer with a tuple"),
        ("2.2", letters(g=4), "g: answer with a tuple"),
        ("2.2", letters() + "\nanswers['a'] = np.array([4, 4])", "a: answer with a tuple"),
        ("2.2", letters(a=(3, 3)), "a: not (3, 3): inner sizes 3 and 3 vanish"),
        ("2.2", letters(b="error"), "b: not error: b is added to each of the 4 rows"),
        ("2.2", letters(c=(4, 3)), "c: not (4, 3): 3 stands against 4"),
        ("2.2", letters(d="error"), "d: not error: the column C is repeated"),
        ("2.2", letters(f="error"), "f: not error: 2 matrices of (4, 3)"),
        ("2.3", rows("X.sum(axis=1)"), "normalise_rows gives None"),
        ("2.3", rows("return X.sum(axis=1)"), "must stay: (2, 2), not (2,)"),
        ("2.3", rows("return X / X.mean(axis=1, keepdims=True)"), "divided by the means"),
        (
            "2.3",
            rows("return X - X.sum(axis=1, keepdims=True)"),
            "becomes [[0.25, 0.75], [0.5, 0.5]], not [[-3.0, -1.0], [-1.0, -1.0]]",
        ),
        ("2.3", rows("X = X.copy(); X[0] /= 4; return X"), "not [[0.25, 0.75], [1.0, 1.0]]"),
        ("2.3", rows("return X / X.sum(axis=1).reshape(2, 1)"), "NumPy says, for a matrix of"),
        ("2.3", rows("return abs(X) / abs(X).sum(axis=1)[:, None] * np.sign(X)"), "shape (1, 4)"),
        ("2.3", rows("return (X / X.sum(axis=1, keepdims=True))[:, :4][:4]"), "shape (5, 3)"),
        ("2.3", rows("return X / X.sum(axis=1)[:2, None]"), "NumPy says"),
        ("2.4", plane("None"), "W_of_map is still None"),
        ("2.4", plane(image="None"), "image is still None"),
        ("2.4", plane(factor="None"), "factor is still None"),
        ("2.4", plane(start="None"), "start is still None"),
        ("2.4", plane("[2, 1]"), "W_of_map: numbers in the shape (2, 2), not [2, 1]"),
        ("2.4", plane("[[2, 1], [-1]]"), "W_of_map: numbers in the shape (2, 2)"),
        ("2.4", plane("[[2, 1], [1, 1]]"), "W_of_map is not [[2.0, 1.0], [1.0, 1.0]]"),
        ("2.4", plane(factor="1.05"), "factor is not 1.05"),
        ("2.4", plane(image="[8, -1]"), "image: that is W times a column"),
        ("2.4", plane(image="[6, 2]"), "image: add the two rows"),
        ("2.4", plane(image="[[4, 5]]"), "image: numbers in the shape (2,), not [[4, 5]]"),
        ("2.4", plane(image="[4, 6]"), "image is not [4.0, 6.0]"),
        ("2.4", plane(factor="[3]"), "factor: one number, not [3]"),
        ("2.4", plane(factor="'3x'"), "factor: one number, not '3x'"),
        ("2.4", plane(factor="-3"), "factor: areas grow without turning over"),
        ("2.4", plane(factor="9"), "factor is not 9.0"),
        ("2.4", plane(factor="3.001"), "factor is not 3.001"),
        ("2.4", plane(start="[-1.333, 3.667]"), "start: [1, 5] is a row"),
        ("2.4", plane(start="[-3, 6]"), "start: that is where [1, 5] goes"),
        ("2.4", plane(start="[2, 4]"), "start is not [2.0, 4.0]"),
        ("2.5", heads("X.reshape(H, T, K)"), "split_heads gives None"),
        ("2.5", heads("return X.reshape(5, T, K)"), "NumPy says, for (2, 6) and 3 heads"),
        ("2.5", heads("return np.array_split(X, H)"), "NumPy says, for (2, 6) and 3 heads"),
        ("2.5", heads("X[0] = 0; return X"), "split_heads changes its argument"),
        ("2.5", heads("return X"), "(H, T, K) is (3, 2, 2) here, and yours is (2, 6)"),
        (
            "2.5",
            heads("return X.reshape(T, H, K).transpose(1, 0, 2)[::-1]"),
            "the heads come in the opposite order",
        ),
        ("2.5", heads("return np.zeros((H, T, K))"), "head 0 must be [[0.0, 1.0], [6.0, 7.0]]"),
        ("2.5", heads("return X.reshape(2, H, K).swapaxes(0, 1)"), "NumPy says, for (1, 6)"),
        (
            "2.5",
            heads("return np.stack([X[:, h * 2 : h * 2 + 2] for h in range(H)])"),
            "wrong for T = 1, H = 2, K = 3",
        ),
        ("2.6", distances("X - Y"), "squared_distances gives None"),
        ("2.6", distances("return X.reshape(5) - Y"), "NumPy says: cannot reshape"),
        ("2.6", distances("return X[:, None] - Y"), "(2, 2), not (2, 2, 2)"),
        (
            "2.6",
            distances("return ((Y[:, None] - X) ** 2).sum(axis=2)"),
            "rows and columns are exchanged",
        ),
        ("2.6", distances("return (X[:, None] - Y).sum(axis=2)"), "square the differences"),
        (
            "2.6",
            distances("return ((X[:, None] - Y) ** 2).sum(axis=1)"),
            "added along the wrong axis",
        ),
        ("2.6", distances("return X @ Y.T + 1"), "it is [[1.0, 9.0], [18.0, 16.0]]"),
        (
            "2.6",
            distances("X = X.reshape(2, 1, 2); return ((X - Y) ** 2).sum(axis=2)"),
            "NumPy says, for (1, 3)",
        ),
        (
            "2.6",
            distances("X -= Y[0]; return ((X[:, None] - (Y - Y[0])) ** 2).sum(axis=2)"),
            "squared_distances changes an argument",
        ),
        (
            "2.6",
            distances("Y -= 1; return ((X[:, None] - Y - 1) ** 2).sum(axis=2)"),
            "squared_distances changes an argument",
        ),
        (
            "2.6",
            distances("D = X[:, None] - Y; return (D[..., :2] ** 2).sum(axis=2)"),
            "wrong for shapes (1, 3) and (4, 3)",
        ),
        (
            "2.6",
            distances("return ((X[:, None] - Y) ** 2).sum(axis=2)[:, :2]"),
            "wrong for shapes (1, 3) and (4, 3)",
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
        ("2.1", paper("np.array([[7.0, 6.0], [15.0, -6.0]])", "((2, 13), (10, -1))")),
        ("2.2", letters(c="error").replace("{", "dict({").replace("}", "})")),
        ("2.3", rows("return [row / row.sum() for row in X]")),
        ("2.3", rows("return X / X.sum(axis=1)[:, None]")),
        ("2.3", rows("return np.diag(1 / X.sum(axis=1)) @ X")),
        ("2.4", plane("np.array([[2.0, 1.0], [-1.0, 1.0]])", "(4, 5)", "3.0", "(2.0, 3)")),
        ("2.4", plane(factor="determinant([[2, 1], [-1, 1]])")),
        ("2.4", plane(start="[1, 5] @ np.linalg.inv([[2, 1], [-1, 1]])")),
        ("2.5", heads("return [X[:, h * K : h * K + K].tolist() for h in range(H)]")),
        ("2.5", heads("return X.T.reshape(H, K, T).swapaxes(1, 2)")),
        ("2.6", distances("return [[(a - b) @ (a - b) for b in Y] for a in X]")),
        ("2.6", distances("D = X[:, None] - Y; return np.einsum('nmd,nmd->nm', D, D)")),
        ("2.6", distances("return np.linalg.norm(X[:, None] - Y[None], axis=-1) ** 2")),
    ],
)
def test_a_right_answer_of_another_type_or_way_is_accepted(answered, number, code, capsys):
    answered(number, code)
    assert capsys.readouterr().out.startswith("Right")

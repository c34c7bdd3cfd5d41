"""Answers to chapter 1's exercises that the page does not show: each diagnosis is earned by one.

The page shows the likeliest mistakes. Here are others that readers make, and right answers of other
types and ways, which a check must accept.
"""

import pytest

PAGE = "docs/foundations/vectors.md"


def paper(p_dot_q="5", u_dot_v="0", orthogonal="True") -> str:
    return f"p_dot_q, u_dot_v, u_and_v_are_orthogonal = {p_dot_q}, {u_dot_v}, {orthogonal}"


def cosine(result: str) -> str:
    return f"def cosine(a, b):\n    {result}"


def decompose(result: str) -> str:
    return f"def decompose(a, b):\n    along = (a @ b) / (b @ b) * b\n    {result}"


def matrix(result: str) -> str:
    return (
        "def cosine_matrix(X):\n    lengths = np.linalg.norm(X, axis=1, keepdims=True)\n"
        f"    {result}"
    )


def letters(**answers) -> str:
    right = {"a": True, "b": False, "c": False, "d": False, "e": True}
    return f"answers = {right | answers}"


@pytest.mark.parametrize(
    ("number", "code", "diagnosis"),
    [
        ("1.1", paper("'5'"), "p·q is one number, not '5'"),
        ("1.1", paper("8"), "p·q is not 8: it is 2 times 4 plus 3 times −1"),
        ("1.1", paper(u_dot_v="1"), "u·v is not 1: each pair has a 0"),
        ("1.1", paper(u_dot_v="None"), "u·v is still None"),
        ("1.1", paper(orthogonal="'yes'"), "True or False, not 'yes'"),
        ("1.1", paper(orthogonal="False"), "that is what orthogonal means"),
        ("1.2", cosine("a @ b"), "cosine gives None"),
        ("1.2", cosine("return a * b"), "cosine returns one float"),
        ("1.2", cosine("return '0.97'"), "cosine returns one float"),
        ("1.2", cosine("return a @ b / np.linalg.norm(b)"), "the length of b is divided out"),
        (
            "1.2",
            cosine("return a @ b / np.linalg.norm(b) * np.linalg.norm(a)"),
            "brackets, as in x / (y * z)",
        ),
        (
            "1.2",
            cosine("return np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))"),
            "leave out the arccos",
        ),
        (
            "1.2",
            cosine("return abs(a @ b) / (np.linalg.norm(a) * np.linalg.norm(b))"),
            "opposite directions have cosine −1",
        ),
        ("1.2", cosine("b /= 2; return a @ b"), "changes an argument"),
        ("1.2", cosine("return 0.5"), "it is 63/65, not 0.5"),
        (
            "1.2",
            cosine("return a[:2] @ b[:2] / (norm(a[:2]) * norm(b[:2]))"),
            "in 7 dimensions",
        ),
        ("1.3", decompose("pass"), "decompose gives None"),
        ("1.3", decompose("return along"), "return along, across"),
        ("1.3", decompose("a -= along; return along, a"), "changes an argument"),
        ("1.3", decompose("return a @ b / b @ b * b, a"), "goes from left to right"),
        ("1.3", decompose("return 2 * along, a - along"), "along is not"),
        ("1.3", decompose("return along, a + along"), "the sum is"),
        ("1.4", "answers = [True, False, False, False, True]", "keep the starter's form"),
        ("1.4", "answers = {'a': True}", "keep the starter's form"),
        ("1.4", letters(e=None), "not answered yet: e"),
        ("1.4", letters(b="False"), "b: answer True or False, not 'False'"),
        ("1.4", letters(b=True), "b: the word's direction stays"),
        ("1.4", letters(d=True), "d: no direction changes"),
        ("1.5", matrix("lengths"), "cosine_matrix gives None"),
        ("1.5", matrix("return X @ X"), "do you multiply X by X.T?"),
        ("1.5", matrix("return X @ X.T / lengths.T"), "divided by the column's alone"),
        ("1.5", matrix("return X @ X.T / lengths / lengths"), "once must be the column's"),
        ("1.5", matrix("return np.eye(3)"), "rows 0 and 1: 63/65, not 0.0"),
        ("1.5", matrix("return abs(X @ X.T / lengths / lengths.T)"), "rows 0 and 2: −4/5"),
        ("1.6", "limit = '3/4'", "limit is one number, without quotes"),
        ("1.6", "limit = [0.75]", "limit is one number, without quotes or brackets"),
        ("1.6", "limit = 3**0.5 / 4", "one length is divided out, and there are two"),
        ("1.6", "limit = 1", "they are not parallel"),
        ("1.6", "limit = 0.7", "not 0.7: divide"),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong_with_it(answered, number, code, diagnosis):
    with pytest.raises(AssertionError) as told:
        answered(number, code)
    assert diagnosis in str(told.value)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("1.1", paper("5.0", "np.int64(0)", "np.bool_(True)")),
        ("1.2", cosine("return float((a * b).sum() / ((a**2).sum() * (b**2).sum()) ** 0.5)")),
        ("1.2", cosine("return cosine_similarity(a, b)")),
        ("1.3", decompose("return [along.tolist(), (a - along).tolist()]")),
        ("1.3", decompose("return along, a - project(a, b)")),
        ("1.4", letters(a="np.bool_(True)").replace("'np.bool_(True)'", "np.bool_(True)")),
        ("1.5", matrix("return (X / lengths @ (X / lengths).T).tolist()")),
        ("1.5", matrix("return [[cosine_similarity(a, b) for b in X] for a in X]")),
        ("1.6", "limit = np.float64(0.75)"),
    ],
)  # fmt: skip
def test_a_right_answer_of_another_type_or_way_is_accepted(answered, number, code, capsys):
    answered(number, code)
    assert capsys.readouterr().out.startswith("Right")

"""Answers to chapter 9's exercises that the page does not show: each diagnosis is earned by one."""

import pytest

PAGE = "docs/foundations/regularisation.md"


def decay(after="3.6", steps="14") -> str:
    return f"after_one_step, steps_to_halve = {after}, {steps}"


def letters(**answers) -> str:
    right = {"a": True, "b": True, "c": False, "d": False, "e": False, "f": False}
    return f"answers = {right | answers}"


def stop(body: str) -> str:
    return f"def stop_early(losses, patience):\n    {body}"


# The right answer, with a place for something wrong after it.
LOOP = """best = 0
    for step, loss in enumerate(losses):
        best = step if loss < losses[best] else best
        if step - best >= patience:
            break
    """


def price(mean="5", variance="3.25", error="4.25") -> str:
    return f"mean_output, variance, mean_squared_error = {mean}, {variance}, {error}"


def fold(result: str, before: str = "pass") -> str:
    return (
        "def fold(W, b, norm):\n    root = np.sqrt(norm.running_var + norm.eps)\n"
        "    factor, mean = norm.gamma / root, norm.running_mean\n"
        f"    {before}\n    {result}"
    )


def rms(result: str, r: str = "np.sqrt(np.mean(X**2, axis=-1, keepdims=True) + eps)") -> str:
    return (
        f"def rms_backward(d_Y, X, gamma, eps=1e-5):\n    r = {r}\n"
        "    X_hat, g = X / r, d_Y * gamma\n"
        "    along = np.mean(g * X_hat, axis=-1, keepdims=True)\n"
        f"    {result}"
    )


@pytest.mark.parametrize(
    ("number", "code", "diagnosis"),
    [
        ("9.1", decay("None"), "after_one_step is still None"),
        ("9.1", decay(steps="None"), "steps_to_halve is still None"),
        ("9.1", decay("'3.6'"), "after_one_step is one number, not '3.6'"),
        ("9.1", decay(steps="[14]"), "steps_to_halve is one number, not [14]"),
        ("9.1", decay("3.8"), "the decay is not"),
        ("9.1", decay("4 - 0.1 * 2 + 0.1 * 0.5 * 4"), "you made it grow"),
        ("9.1", decay("4 + 0.1 * (2 + 0.5 * 4)"), "a step goes against the slope"),
        ("9.1", decay("0.95 * (4 - 0.2)"), "as it was before the step"),
        ("9.1", decay("3.601"), "after_one_step is not 3.601"),
        ("9.1", decay(steps="13"), "one more step"),
        ("9.1", decay(steps="15"), "steps_to_halve is not 15"),
        ("9.2", "answers = [True] * 6", "keep the starter's form"),
        ("9.2", "answers = {'a': True}", "keep the starter's form"),
        ("9.2", letters(e=None), "not answered yet: e"),
        ("9.2", letters(b="yes"), "b: answer True or False, not 'yes'"),
        ("9.2", letters(a=False), "a: in evaluation no mask is drawn"),
        ("9.2", letters(b=False), "b: the rows share a mean"),
        ("9.2", letters(f=True), "f: the row's spread doubles too"),
        ("9.3", stop("losses.sort()\n    return 0"), "changes the list"),
        ("9.3", stop("pass"), "stop_early gives None"),
        ("9.3", stop(LOOP + "return losses[best]"), "that is the loss of the best step"),
        ("9.3", stop(LOOP + "return best + 1"), "count from 0"),
        ("9.3", stop("return 2"), "patience 3: step 6, not 2"),
        ("9.3", stop(LOOP.replace("patience:", "1:") + "return best"), "one worse step is not"),
        ("9.3", stop(LOOP.replace("<", "<=") + "return best"), "an equal loss is no improvement"),
        (
            "9.3",
            stop(LOOP + "return 1 if losses[0] == losses[1] else best"),
            "for [2, 2, 2, 1] and patience 2 it is step 0, not 1",
        ),
        (
            "9.3",
            stop(LOOP + "return best if step - best >= patience else step"),
            "where it never stops, the best of all: step 2, not 3",
        ),
        (
            "9.3",
            stop(LOOP.replace("patience:", "min(patience, 3):") + "return best"),
            "patience 4: step",
        ),
        (
            "9.3",
            stop(LOOP.replace("patience:", "max(patience, 2):") + "return best"),
            "patience 1: step",
        ),
        ("9.4", price("None"), "mean_output is still None"),
        ("9.4", price(error="None"), "mean_squared_error is still None"),
        ("9.4", price(variance="[3.25]"), "variance is one number, not [3.25]"),
        ("9.4", price("5 / 0.8"), "units drop, too"),
        ("9.4", price("4.9"), "mean_output is not 4.9"),
        ("9.4", price(variance="13"), "without it p would not matter"),
        ("9.4", price(variance="0.2 * 0.8 * 13"), "p(1 − p) is for a mask of 0 and 1"),
        ("9.4", price(variance="4 * 13"), "the other way up"),
        ("9.4", price(variance="25 / 4"), "square each w·h before you add"),
        ("9.4", price(variance="5 / 4"), "the values must be squared"),
        ("9.4", price(variance="13**0.5 / 2"), "that is its root"),
        ("9.4", price(variance="3.24"), "variance is not 3.24"),
        ("9.4", price(error="1"), "the noise adds its variance"),
        ("9.4", price(error="4.24"), "mean_squared_error is not 4.24"),
        ("9.5", fold("return W * factor"), "return two: a W and a b"),
        ("9.5", fold("pass"), "return two: a W and a b"),
        ("9.5", fold("return W * factor, (W * factor).T"), "W stays (3, 3) and b (3,)"),
        ("9.5", fold("return W @ W[:, :2], b"), "W stays (3, 3) and b (3,)"),
        ("9.5", fold("return W * norm.gamma / root**2, b"), "divide by the root"),
        (
            "9.5",
            fold("return W * norm.gamma / (np.sqrt(norm.running_var) + norm.eps), b"),
            "add ε under the root, not to it",
        ),
        ("9.5", fold("return W / root, b"), "gamma belongs to the factor"),
        ("9.5", fold("return W * factor * 1.001, b"), "the new W is not W times"),
        ("9.5", fold("return W * factor, b"), "b is still the old one"),
        ("9.5", fold("return W * factor, b * factor + norm.beta"), "is not subtracted"),
        ("9.5", fold("return W * factor, (b - mean) * factor"), "beta is missing"),
        ("9.5", fold("return W * factor, (b - mean + norm.beta) * factor"), "after the factor"),
        (
            "9.5",
            fold("return W * factor, b - mean + norm.beta"),
            "must be multiplied by the factor",
        ),
        (
            "9.5",
            fold("return W * factor, 1.001 * ((b - mean) * factor + norm.beta)"),
            "the new b is wrong",
        ),
        (
            "9.5",
            fold("return W * factor, (b - mean) * factor + norm.beta", "norm.beta += 1"),
            "fold changes W, b or the norm",
        ),
        (
            "9.5",
            fold("return W * factor, (b - mean) * factor + norm.beta * (W.shape == (3, 3))"),
            "wrong for (5, 2)",
        ),
        ("9.6", rms("d_Y *= gamma; return d_Y"), "rms_backward changes an argument"),
        ("9.6", rms("pass"), "rms_backward gives None"),
        ("9.6", rms("return (g - X_hat * along).sum(axis=0)"), "d_X has the shape of X"),
        (
            "9.6",
            rms("return (d_Y - X_hat * np.mean(d_Y * X_hat, -1, keepdims=True)) / r"),
            "the factor gamma is missing",
        ),
        ("9.6", rms("return g - X_hat * along"), "the division by r is missing"),
        (
            "9.6",
            rms(
                "return (g - X_hat * np.mean(g * X_hat, axis=0)) / r",
                "np.sqrt(np.mean(X**2, axis=0) + eps)",
            ),
            "that is along columns",
        ),
        (
            "9.6",
            rms(
                "return (g - X_hat * along) / r",
                "np.sqrt(np.mean(X**2, axis=-1, keepdims=True))",
            ),
            "ε is missing",
        ),
        ("9.6", rms("return 1.001 * (g - X_hat * along) / r"), "finite differences disagree"),
        (
            "9.6",
            rms("return (g - X_hat * (g * X_hat).sum(-1, keepdims=True) / 4) / r"),
            "right for four features, wrong for seven",
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
        ("9.1", decay("np.float64(3.6)", "14.0")),
        ("9.1", decay("0.95 * 4 - 0.2", "np.int64(14)")),
        ("9.2", letters(a="np.bool_(True)").replace("'np.bool_(True)'", "np.bool_(True)")),
        ("9.3", stop(LOOP + "return np.int64(best)")),
        ("9.4", price("np.float64(5)", "13 / 4", "17 / 4")),
        ("9.5", fold("return [(W * factor).tolist(), ((b - mean) * factor + norm.beta).tolist()]")),
        ("9.5", fold("return W @ np.diag(factor), norm.forward(b[None], False)[0][0]")),
        ("9.6", rms("return ((g - X_hat * along) / r).tolist()")),
        ("9.6", rms("return g / r - X * (g * X).mean(-1, keepdims=True) / r**3")),
    ],
)
def test_a_right_answer_of_another_type_or_way_is_accepted(answered, number, code, capsys):
    answered(number, code)
    assert capsys.readouterr().out.startswith("Right")

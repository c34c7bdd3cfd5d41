"""Answers to chapter 4's exercises that the page does not show: each diagnosis is earned by one.

The page shows the likeliest mistakes. Here are others that readers make, and right answers of other
types and ways, which a check must accept.
"""

import pytest

PAGE = "docs/foundations/losses.md"


def one_weight(slope="-8", best="2.6") -> str:
    return f"slope_at_1, best_w = {slope}, {best}"


def letters(**answers) -> str:
    right = {"a": False, "b": False, "c": True, "d": False, "e": True, "f": True}
    return f"answers = {right | answers}"


def nll(result: str) -> str:
    return (
        "def nll(logits, targets):\n    log_p = log_softmax(logits)\n"
        "    picked = log_p[np.arange(len(targets)), targets]\n"
        f"    {result}"
    )


def text_perplexity(result: str) -> str:
    return (
        "def text_perplexity(log_p, counts):\n    s = np.where(counts, -log_p, 0.0)\n"
        "    kept = -log_p[counts]\n    rows = s.sum(axis=1) / counts.sum(axis=1)\n"
        f"    {result}"
    )


def laplace(centre="2", scale="5 / 3", lowest="2.204") -> str:
    return f"best_centre, best_scale, lowest_loss = {centre}, {scale}, {lowest}"


def distil(result: str) -> str:
    return (
        "def distillation_loss(teacher, student, T):\n"
        "    log_p, log_q = log_softmax(teacher / T), log_softmax(student / T)\n"
        "    each = np.exp(log_p) * (log_p - log_q)\n    rows = each.sum(axis=-1)\n"
        f"    {result}"
    )


@pytest.mark.parametrize(
    ("number", "code", "diagnosis"),
    [
        ("4.1", one_weight(best="None"), "best_w is still None"),
        ("4.1", one_weight("'-8'"), "slope_at_1 is one number, not '-8'"),
        ("4.1", one_weight(best="[2.6]"), "best_w is one number, not [2.6]"),
        ("4.1", one_weight("-4"), "a factor 2 is missing"),
        ("4.1", one_weight("8"), "the sign: at w = 1"),
        ("4.1", one_weight("-8.001"), "the slope is 5w − 13: at 1 not -8.001"),
        ("4.1", one_weight(best="8 / 3"), "weighs both examples alike"),
        ("4.1", one_weight(best="4"), "the mean of the targets"),
        ("4.1", one_weight(best="2.601"), "not at 2.601"),
        ("4.2", "answers = [False, False, True, False, True, True]", "keep the starter's form"),
        ("4.2", "answers = {'a': False}", "keep the starter's form"),
        ("4.2", letters(d=None), "not answered yet: d"),
        ("4.2", letters(b="no"), "b: answer True or False, not 'no'"),
        ("4.2", letters(b=True), "b: the factor e⁵ cancels"),
        ("4.2", letters(d=True), "d: surprises are at least 0"),
        ("4.2", letters(f=False), "f: the difference is KL"),
        ("4.3", nll("pass"), "nll gives None"),
        ("4.3", nll("logits -= 1; return -picked.mean()"), "nll changes logits"),
        ("4.3", nll("return -picked"), "nll returns one float"),
        ("4.3", nll("return str(-picked.mean())"), "nll returns one float"),
        ("4.3", nll("return -log_p.mean()"), "the mean over all classes"),
        ("4.3", nll("return -picked.sum()"), "that is the sum"),
        ("4.3", nll("return picked.mean()"), "the sign"),
        ("4.3", nll("return -picked.mean() / np.log(2)"), "that is in bits"),
        ("4.3", nll("return np.exp(-picked.mean())"), "that is the perplexity"),
        (
            "4.3",
            nll("return -logits[np.arange(len(targets)), targets].mean()"),
            "no log-probabilities yet",
        ),
        (
            "4.3",
            nll("return -log_softmax(logits, 0)[np.arange(len(targets)), targets].mean()"),
            "a row is an example",
        ),
        ("4.3", nll("return -picked.mean() + 1e-4"), "for 0.7 and 0.3 it is 0.7803"),
        (
            "4.3",
            "def nll(logits, targets):\n    e = np.exp(np.minimum(logits, 700))\n"
            "    p = e / e.sum(axis=1, keepdims=True)\n"
            "    return -np.log(p[np.arange(len(targets)), targets]).mean()",
            "ln 0; subtract the row's maximum",
        ),
        (
            "4.3",
            "def nll(logits, targets):\n    s = logits - logits.max()\n"
            "    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))\n"
            "    return -log_p[np.arange(len(targets)), targets].mean()",
            "rows 2,000 apart: subtract each row's own maximum",
        ),
        (
            "4.3",
            nll("return -picked.mean() if len(targets) == 2 else -picked.sum()"),
            "shape (5, 3)",
        ),
        ("4.4", text_perplexity("pass"), "text_perplexity gives None"),
        ("4.4", text_perplexity("log_p[~counts] = 0; return 1.0"), "changes an argument"),
        ("4.4", text_perplexity("counts[:] = True; return 1.0"), "changes an argument"),
        ("4.4", text_perplexity("return np.exp(rows)"), "one perplexity for all tokens"),
        ("4.4", text_perplexity("return 5"), "one perplexity for all tokens"),
        ("4.4", text_perplexity("return np.exp(-log_p.mean())"), "the padding counts in yours"),
        ("4.4", text_perplexity("return np.exp(kept).mean()"), "first the mean"),
        ("4.4", text_perplexity("return np.exp(rows.mean())"), "a mean of means"),
        ("4.4", text_perplexity("return 2 ** kept.mean()"), "the base is e, not 2"),
        ("4.4", text_perplexity("return np.exp(-kept.mean())"), "the sign"),
        ("4.4", text_perplexity("return kept.mean()"), "take the exponential"),
        ("4.4", text_perplexity("return np.exp(kept.sum())"), "one over the likelihood"),
        ("4.4", text_perplexity("return np.exp(kept.mean()) + 1e-4"), "for ½, ¼, 0.1 and ⅛"),
        (
            "4.4",
            text_perplexity("return np.exp(kept.mean()) + np.isinf(log_p).any()"),
            "−∞ in the padding changes it",
        ),
        ("4.4", text_perplexity("return np.exp(kept[:4].mean())"), "six random sentences"),
        ("4.5", laplace(scale="None"), "best_scale is still None"),
        ("4.5", laplace(lowest="'2.204'"), "lowest_loss is one number"),
        ("4.5", laplace("2.001"), "the centre is not 2.001"),
        ("4.5", laplace(scale="5"), "the sum of the distances"),
        ("4.5", laplace(scale="2"), "the mean distance from 2, please"),
        ("4.5", laplace(scale="0.6"), "upside down"),
        ("4.5", laplace(scale="1.668"), "the best scale is D = 5/3, not 1.668"),
        ("4.5", laplace(lowest="math.log(10 / 3)"), "the first term is missing"),
        ("4.5", laplace(lowest="1 - math.log(10 / 3)"), "−ln(1/(2s)) is +ln(2s)"),
        ("4.5", laplace(lowest="2.206"), "the lowest loss is D/s + ln(2s)"),
        ("4.6", distil("pass"), "distillation_loss gives None"),
        ("4.6", distil("teacher /= T; return 1.0"), "changes an argument"),
        ("4.6", distil("student -= 1; return 1.0"), "changes an argument"),
        ("4.6", distil("return T**2 * rows"), "one number for all rows"),
        ("4.6", distil("return str(T**2 * rows.mean())"), "one number for all rows"),
        (
            "4.6",
            distil("return T**2 * kl(softmax(teacher), softmax(student)).mean()"),
            "divide the logits by T too",
        ),
        ("4.6", distil("return T * rows.mean()"), "multiply by T², not by T"),
        (
            "4.6",
            distil("return T**2 * kl(softmax(T * teacher), softmax(T * student)).mean()"),
            "T divides the logits",
        ),
        ("4.6", distil("return T**2 * rows.sum()"), "the sum over the rows"),
        ("4.6", distil("return T**2 * each.mean()"), "the mean over all entries"),
        ("4.6", distil("return -(T**2) * rows.mean()"), "the sign"),
        (
            "4.6",
            distil("return -(T**2) * (np.exp(log_p) * log_q).sum(axis=-1).mean()"),
            "take the teacher's entropy off",
        ),
        ("4.6", distil("return T**2 * rows.mean() + 1e-4"), "for two rows at T = 2"),
        (
            "4.6",
            distil(
                "q = np.clip(softmax(student / T), 1e-12, 1)\n"
                "    return T**2 * kl(softmax(teacher / T), q).mean()"
            ),
            "1,000 apart, at T = 1: 499.3, not 13.1; is there a clip?",
        ),
        ("4.6", distil("return max(T, 1) ** 2 * rows.mean()"), "at T = 0.5"),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong_with_it(answered, number, code, diagnosis):
    with pytest.raises(AssertionError) as told:
        answered(number, code)
    assert diagnosis in str(told.value)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("4.1", one_weight("np.int64(-8)", "np.float64(2.6)")),
        ("4.2", letters(c="np.bool_(True)").replace("'np.bool_(True)'", "np.bool_(True)")),
        ("4.3", nll("return cross_entropy(logits, targets)")),
        ("4.3", nll("return float((np.eye(log_p.shape[1])[targets] * -log_p).sum(1).mean())")),
        ("4.4", text_perplexity("return perplexity(log_p[counts])")),
        (
            "4.4",
            text_perplexity(
                "n = counts.sum(axis=1)\n"
                "    return perplexity(np.concatenate([p[:k] for p, k in zip(log_p, n)]))"
            ),
        ),
        ("4.4", text_perplexity("return math.prod(np.exp(kept)) ** (1 / counts.sum())")),
        ("4.5", laplace("2.0", "np.float64(5 / 3)", "np.log(20 / 6) + 1")),
        ("4.5", laplace("np.int64(2)", "1.667", "2.2044")),
        ("4.6", distil("return float(T**2 * np.mean(rows))")),
        (
            "4.6",
            distil("return T**2 * -(np.exp(log_p) * log_q).sum(-1).mean()")
            + " - T**2 * entropy(np.exp(log_p)).mean()",
        ),
    ],
)  # fmt: skip
def test_a_right_answer_of_another_type_or_way_is_accepted(answered, number, code, capsys):
    answered(number, code)
    assert capsys.readouterr().out.startswith("Right")

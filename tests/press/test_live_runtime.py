"""Python for the browser: accepted only as Pyodide names it, and missed without harm."""

import hashlib
import json
import sys
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from press.live import precompile, runtime
from press.problems import PressError


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def carrier(tmp_path):
    """A wheel that carries one wheel, as the one from PyPI carries many."""
    path = tmp_path / "carrier.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{runtime.INSIDE}numpy.whl", b"the wheel")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_a_wheel_is_taken_out_where_its_bytes_are_those_of_the_lock_file(carrier, tmp_path):
    runtime.take_out(carrier, {"numpy.whl": sha256(b"the wheel")}, tmp_path)
    assert (tmp_path / "numpy.whl").read_bytes() == b"the wheel"


def test_a_wheel_with_other_bytes_is_refused_and_not_kept(carrier, tmp_path):
    with pytest.raises(PressError, match=r"numpy\.whl is not the file that Pyodide's lock file"):
        runtime.take_out(carrier, {"numpy.whl": sha256(b"another")}, tmp_path)
    assert not (tmp_path / "numpy.whl").exists()


def test_a_wheel_that_the_carrier_lacks_is_named(carrier, tmp_path):
    with pytest.raises(PressError, match=r"carries no torch\.whl"):
        runtime.take_out(carrier, {"torch.whl": "0"}, tmp_path)


@pytest.fixture
def lock() -> dict:
    names = [name for names in runtime.PACKAGES.values() for name in names]
    return {"packages": {n: {"file_name": f"{n}.whl", "sha256": sha256(n.encode())} for n in names}}


def test_what_is_there_and_right_is_not_fetched_again(lock, tmp_path, monkeypatch):
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for name in lock["packages"]:
        (wheels / f"{name}.whl").write_bytes(name.encode())
    monkeypatch.setattr(runtime, "_carrier", lambda folder: pytest.fail("fetched again"))
    assert runtime.fetch(lock, wheels) == wheels


def test_a_damaged_wheel_is_fetched_again(lock, tmp_path, monkeypatch):
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for name in lock["packages"]:
        (wheels / f"{name}.whl").write_bytes(name.encode())
    (wheels / "numpy.whl").write_bytes(b"half")

    def carrier(folder):
        with zipfile.ZipFile(tmp_path / "carrier.whl", "w") as archive:
            archive.writestr(f"{runtime.INSIDE}numpy.whl", b"numpy")
        return zipfile.ZipFile(tmp_path / "carrier.whl")

    monkeypatch.setattr(runtime, "_carrier", carrier)
    runtime.fetch(lock, wheels)
    assert (wheels / "numpy.whl").read_bytes() == b"numpy"


def test_a_broken_line_keeps_what_came_whole(carrier, tmp_path, monkeypatch):
    whole = {"numpy.whl": sha256(b"the wheel")}
    lost = {"later.whl": "0"}
    later = zipfile.ZipInfo(f"{runtime.INSIDE}later.whl")
    listed = [*carrier.infolist(), later]
    monkeypatch.setattr(carrier, "infolist", lambda: listed)
    opened = carrier.open

    def broken(name):
        if name.endswith("later.whl"):
            raise ConnectionResetError("the line broke")
        return opened(name)

    monkeypatch.setattr(carrier, "open", broken)
    with pytest.raises(PressError, match=r"later\.whl: the line broke") as error:
        runtime.take_out(carrier, whole | lost, tmp_path)
    assert "run the command again: it goes on" in str(error.value)
    assert (tmp_path / "numpy.whl").read_bytes() == b"the wheel"
    assert not (tmp_path / "later.whl").exists()


class Ranges(SimpleHTTPRequestHandler):
    """Answers with parts of a file, as PyPI does."""

    def do_GET(self) -> None:
        data = (Path(self.directory) / self.path.lstrip("/")).read_bytes()
        first, _, last = self.headers["Range"].removeprefix("bytes=").partition("-")
        begin = int(first) if first else len(data) - int(last)
        end = int(last) + 1 if first and last else len(data)
        self.server.sent += end - begin
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{len(data)}")
        self.send_header("Content-Length", str(end - begin))
        self.end_headers()
        self.wfile.write(data[begin:end])

    def log_message(self, *_) -> None:
        pass


class Whole(SimpleHTTPRequestHandler):
    def log_message(self, *_) -> None:
        pass


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """A server with a carrier of 3 MB, of which one wheel has 9 bytes."""
    with zipfile.ZipFile(tmp_path / "carrier.whl", "w") as archive:
        archive.writestr("ballast", bytes(3_000_000))
        archive.writestr(f"{runtime.INSIDE}numpy.whl", b"the wheel")

    def serve(handler):
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(tmp_path)))
        server.sent = 0
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        running.append((server, thread))
        address = f"http://127.0.0.1:{server.server_port}/carrier.whl"
        monkeypatch.setattr(runtime, "_address", lambda: address)
        return server

    running: list = []
    yield serve
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


def test_of_the_large_carrier_only_the_wanted_part_is_fetched(registry, tmp_path):
    server = registry(Ranges)
    with runtime._carrier(tmp_path) as archive:
        runtime.take_out(archive, {"numpy.whl": sha256(b"the wheel")}, tmp_path)
    assert (tmp_path / "numpy.whl").read_bytes() == b"the wheel"
    assert 0 < server.sent < 200_000


def test_a_registry_that_sends_whole_files_only_serves_as_well(registry, tmp_path, monkeypatch):
    registry(Whole)
    monkeypatch.setattr(runtime, "_whole", lambda folder: tmp_path / "carrier.whl")
    with runtime._carrier(tmp_path) as archive:
        runtime.take_out(archive, {"numpy.whl": sha256(b"the wheel")}, tmp_path)
    assert (tmp_path / "numpy.whl").read_bytes() == b"the wheel"


def test_the_progress_of_a_fetch_is_shown_to_people_only(capsys, monkeypatch):
    runtime.Bar(2_000_000).add(1_000_000)
    assert capsys.readouterr().err == "Fetching Python for the browser, once (2 MB)\n"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    bar = runtime.Bar(2_000_000)
    bar.add(500_000)
    assert f"[{10 * '#':40}] 0.5 of 2.0 MB" in capsys.readouterr().err
    bar.add(1_500_000)
    assert capsys.readouterr().err.endswith(f"[{40 * '#'}] 2.0 of 2.0 MB\n")


def test_without_network_the_site_has_no_runtime_and_the_message_says_what_to_do(
    tmp_path, monkeypatch, capsys
):
    core = tmp_path / "web/node_modules/pyodide"
    core.mkdir(parents=True)
    names = {name: {"file_name": f"{name}.whl", "sha256": "0"} for name in ("numpy",)}
    monkeypatch.setattr(runtime, "PACKAGES", {"numpy": ("numpy",)})
    (core / "pyodide-lock.json").write_text(json.dumps({"packages": names}))
    monkeypatch.setattr(runtime.vendor, "WEB", tmp_path / "web")
    monkeypatch.setattr(sys, "executable", "false")  # pip cannot fetch
    old = tmp_path / "docs/assets/vendor/pyodide"
    old.mkdir(parents=True)
    (old / "manifest.json").write_text("{}")
    assert runtime.install(tmp_path / "docs", tmp_path / "cache") is False
    told = capsys.readouterr().err
    assert "could not be fetched" in told
    assert "mend: connect to the network" in told
    assert "built without Run buttons" in told
    assert not old.exists()


def test_sources_become_byte_code_and_ballast_stays_out(tmp_path):
    with zipfile.ZipFile(tmp_path / "old.zip", "w") as archive:
        archive.writestr("thing/__init__.py", '"""Words."""\nvalue = 6 * 7\n')
        archive.writestr("thing/tests/test_thing.py", "assert False")
        archive.writestr("thing/data.txt", "data")
    assert precompile.repack(tmp_path / "old.zip", tmp_path / "new.zip", "/tests/") == 2
    with zipfile.ZipFile(tmp_path / "new.zip") as archive:
        assert sorted(archive.namelist()) == ["thing/__init__.pyc", "thing/data.txt"]
        archive.extractall(tmp_path / "site")
    sys.path.insert(0, str(tmp_path / "site"))
    try:
        import thing

        assert thing.value == 42
    finally:
        sys.path.remove(str(tmp_path / "site"))
        sys.modules.pop("thing", None)


def test_repacking_gives_the_same_bytes_each_time(tmp_path):
    for name in ("b.py", "a.py"):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            archive.writestr(name, "x = 1")
            archive.writestr("c.py", "y = 2")
        for new in ("one", "two"):
            precompile.repack(tmp_path / f"{name}.zip", tmp_path / new, "^$")
        assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()

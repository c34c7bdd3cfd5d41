"""Runs in Pyodide, at build: repacks archives with byte code in place of source.

Sources are compiled by the very Python that will run them, so the reader's browser need not. The
archives are deterministic: sorted, without dates.
"""

import importlib._bootstrap_external as bootstrap
import re
import warnings
import zipfile

DATE = (1980, 1, 1, 0, 0, 0)


def repack(source, target, needless):
    """Writes the zip `target` from the zip `source`; names that `needless` matches stay out.

    Python files become .pyc beside where they stood, never checked against a source that is not
    there. Gives the number of files written.
    """
    skip = re.compile(needless)
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        names = sorted(n for n in old.namelist() if not n.endswith("/") and not skip.search(n))
        for name in names:
            data = old.read(name)
            if name.endswith(".py"):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    code = compile(data, f"/lib/{name}", "exec", dont_inherit=True, optimize=2)
                digest = b"\0" * 8
                data = bytes(bootstrap._code_to_hash_pyc(code, digest, checked=False))
                name += "c"
            entry = zipfile.ZipInfo(name, DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            new.writestr(entry, data, compresslevel=9)
    return len(names)

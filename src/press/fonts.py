"""The site's fonts with the letters, weights and features that its pages use, and no others.

A page of formulas needs seven fonts before it looks as it should, and a phone waits for them: cut
to what is used they are a third of their size. What a reader types beyond it, a font of the system
shows. Under live reload the fonts stay whole, for the next edit may need any letter.
"""

from __future__ import annotations

import hashlib
import html
import io
import json
import re
from importlib.metadata import version
from pathlib import Path

from press import tex

CACHE = tex.CACHE.parent / "fonts"
FOLDER = "assets/vendor"
FORMULA = re.compile(r"<katex-html\b.*?</katex-html>", re.DOTALL)
ASIDE = re.compile(r"<(script|style)\b.*?</\1>|<math\b.*?</math>", re.DOTALL)
TAG = re.compile(r"<[^>]*>")
ALWAYS = frozenset(map(chr, range(0x20, 0x7F))) | frozenset("\u00a0’“”–—…−×·")
"""In every text font: a reader may type it, or a script write it."""
FAMILIES = {"source-serif-4": "Book Serif", "inter": "Book Sans", "jetbrains-mono": "Book Mono"}
WEIGHTS = (400, 700)
FEATURES = ("ccmp", "locl", "kern", "liga", "mark", "mkmk", "lnum", "tnum")


def lighten(site: Path, cache: Path | None = None) -> list[Path]:
    """Cuts every font of a built site to what its pages show; gives the files that changed."""
    site, cache = Path(site), cache or CACHE
    text, formulas = letters(site)
    changed = []
    for file in sorted((site / FOLDER).rglob("*.woff2")):
        family = FAMILIES.get(file.name.partition("-latin-")[0])
        light = _kept(file.read_bytes(), text if family else formulas, family, cache)
        if light is not None:
            file.write_bytes(light)
            changed.append(file)
    return changed


def letters(site: Path) -> tuple[frozenset[str], frozenset[str]]:
    """The characters of the pages' text, and those of their formulas as KaTeX draws them."""
    text, formulas = set(ALWAYS), set()
    for file in sorted(site.rglob("*.html")):
        page = file.read_text(encoding="utf-8")
        for formula in FORMULA.findall(page):
            formulas.update(html.unescape(TAG.sub("", formula)))
        text.update(html.unescape(TAG.sub("", ASIDE.sub("", FORMULA.sub("", page)))))
    return frozenset(text), frozenset(formulas)


def light_font(data: bytes, wanted: frozenset[str], family: str | None = None) -> bytes:
    """A WOFF2 font with the glyphs of the wanted characters that it has.

    With a family, it is a variable font of text: its weights are limited to WEIGHTS and its
    features to FEATURES, and it carries that name, for the licence reserves the makers' own.
    """
    from fontTools import subset, ttLib
    from fontTools.varLib import instancer

    features = list(FEATURES) if family else ["*"]
    font = ttLib.TTFont(io.BytesIO(data), recalcTimestamp=False)
    subsetter = subset.Subsetter(subset.Options(hinting=False, layout_features=features))
    subsetter.populate(unicodes=sorted(set(map(ord, wanted)) & set(font.getBestCmap())))
    subsetter.subset(font)
    font.flavor = None
    if family:
        plain = io.BytesIO()
        font.save(plain)
        font = ttLib.TTFont(plain, recalcTimestamp=False)
        instancer.instantiateVariableFont(font, {"wght": WEIGHTS}, inplace=True)
        for record in font["name"].names:
            if record.nameID in (1, 4, 6, 16, 25):
                record.string = family.replace(" ", "" if record.nameID in (6, 25) else " ")
    font.flavor = "woff2"
    light = io.BytesIO()
    font.save(light)
    return light.getvalue()


def _kept(data: bytes, wanted: frozenset[str], family: str | None, cache: Path) -> bytes | None:
    """The light font, from the cache where it is: to make one takes half a second.

    None for a font that is light already.
    """
    recipe = json.dumps([
        family, WEIGHTS, FEATURES, version("fonttools"), version("brotli"), sorted(wanted),
    ])  # fmt: skip
    made = cache / "made"
    if (made / hashlib.sha256(data).hexdigest()).is_file():
        return None
    kept = cache / f"{hashlib.sha256(data + recipe.encode()).hexdigest()}.woff2"
    made.mkdir(parents=True, exist_ok=True)
    if not kept.is_file():
        kept.write_bytes(light_font(data, wanted, family))
    light = kept.read_bytes()
    (made / hashlib.sha256(light).hexdigest()).touch()
    return light

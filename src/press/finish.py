"""The pass over site/ after MkDocs: comments go, failures get their look, labs become light.

It may run again over what it made and changes nothing then. Pages that it does not know are left
as they are.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from collections import Counter
from pathlib import Path

from press import tex, vendor
from press.lab import OPAQUE
from press.moving import marks as moving
from press.problems import PressError, Problem

CACHE = tex.CACHE.parent / "labs"

# A comment, unless a browser acts on it; what stands in a script or a style is none.
COMMENT = re.compile(
    r"(?P<kept><(?P<raw>script|style|textarea)\b.*?</(?P=raw)\s*>|<!--\[if\b.*?-->|<!--<!\[endif\]-->)"
    r"|<!--.*?-->\n?",
    re.DOTALL | re.IGNORECASE,
)
TITLED = re.compile(
    r'<div class="(?P<classes>[^"]*\bhighlight\b[^"]*)">'
    r'(?P<title><span class="filename">(?P<word>Raises|Not run:) )'
)
# Pygments' names, punctuation, operators, blanks and output: book.css gives them the ink's colour.
INKED = re.compile(r'<span class="(?:n|p|o|w|si|sa|go)">([^<]*)</span>')
ANNOTATION = re.compile(r"<annotation\b.*?</annotation>", re.DOTALL)
FORMULA = re.compile(
    r'<span class="arithmatex">(<span class="katex">.*?</katex-html></span>)</span>'
)
NEEDLESS = (
    "<semantics>", "</semantics>", ' xmlns="http://www.w3.org/1998/Math/MathML"',
    ' data-search-exclude=""', )  # fmt: skip
VISIBLE = re.compile(r"<katex-html\b.*?</katex-html>", re.DOTALL)
STYLED = re.compile(r'<span(?: class="(?P<classes>[^"]*)")? style="(?P<style>[^"]*)"')
RULE = re.compile(r"\.katex \.(?P<name>k[0-9a-z]+)\.(?P=name)\{(?P<style>[^}]*)\}")
RULES = "/* What KaTeX writes into style attributes, collected from the pages by the press. */"
KATEX_SHEET = "assets/vendor/katex/katex.min.css"
SHEET_COMMENT = re.compile(r"""(?P<kept>"(?:[^"\\]|\\.)*")|/\*.*?\*/[ ]*""", re.DOTALL)
KEPT_AS_IS = re.compile(
    r"(<pre\b.*?</pre>|<script\b.*?</script>|<style\b.*?</style>|<textarea\b.*?</textarea>)",
    re.DOTALL,
)
KATEX_CSS = re.compile(r"<link\b[^>]*\bhref=[\"']?[^\"'>\s]*katex[^\"'>\s]*\.css[^>]*>\n?")
ARTICLE = re.compile(r"(<article\b[^>]*>)(.*)(</article>)", re.DOTALL)
BUNDLE = "assets/javascripts/bundle.*.min.js"
LATER = (
    ('(location.protocol!=="file:")', "(!1)"),
    ('("search.highlight")?', '("search.highlight")&&/[?&]h=/.test(location.search)?'),
    ("new IntersectionObserver(e=>{for(let t of e)fn.next(t)},{threshold:0})",
     '(f=>(addEventListener("book:drawn",e=>f([...e.target.querySelectorAll("pre>code")]'
     '.map(target=>({target,isIntersecting:!0})))),'
     'new IntersectionObserver(f,{threshold:0,rootMargin:"100% 0%"})))'
     "(e=>{for(let t of e)fn.next(t)})"),
    ("([s,a])=>s>a&&a>0", '([s,a])=>s>a&&a>0&&!document.querySelector("html.settling")'),
    ('if(document.body.setAttribute("data-md-color-switching",""),',
     'if(i.again?document.body.setAttribute("data-md-color-switching",""):i.again=!0,'),
    ("return o.content=a.colorScheme,",
     'return(o.content||a.colorScheme==="dark")&&(o.content=a.colorScheme),'),
)  # fmt: skip
IMAGE = re.compile(r"<img\b[^>]*>")
WRAPPER = 'class="jupyter-wrapper"'
TAG = re.compile(r"\\tag\s*\{([^}]*)\}")


def finish(site_dir: Path | str, cache: Path | None = None) -> list[Path]:
    """Goes over every page of a built site; gives the pages that it changed."""
    site_dir, cache = Path(site_dir), cache or CACHE
    before = {path: path.read_text(encoding="utf-8") for path in sorted(site_dir.rglob("*.html"))}
    after: dict[Path, str] = {}
    used: set[Path] = set()
    labs = False
    for path, page in before.items():
        if WRAPPER in page:
            page = _lab_page(page, path, site_dir, cache, used)
            labs = True
        after[path] = finished(with_sizes(page, path))
    share_styles(after, site_dir / KATEX_SHEET)
    for pattern, lighter in (("*.css", lighter_sheet), ("*.js", lighter_script)):
        for file in (site_dir / "assets").glob(pattern):
            text = file.read_text(encoding="utf-8")
            if (light := lighter(text)) != text:
                file.write_text(light, encoding="utf-8", newline="\n")
    for bundle in site_dir.glob(BUNDLE):
        script = bundle.read_text(encoding="utf-8")
        if (later := with_less_at_once(script)) != script:
            bundle.write_text(later, encoding="utf-8", newline="\n")
    changed = [path for path in before if after[path] != before[path]]
    for path in changed:
        path.write_text(after[path], encoding="utf-8", newline="\n")
    if labs:
        for file in cache.glob("*.html"):
            if file not in used:
                file.unlink(missing_ok=True)
    return changed


def finished(page: str) -> str:
    """A page of the site as readers get it."""
    if "<!--" in page:
        page = moving.marked(page)
        page = COMMENT.sub(lambda match: match["kept"] or "", page)
    page = _lighter(TITLED.sub(_with_look, page))
    if 'class="katex' not in page:
        page = KATEX_CSS.sub("", page)
    return page


def _lighter(page: str) -> str:
    """The same page in fewer bytes: what a reader's browser would fetch and never show.

    Colours that equal the ink's, the TeX inside MathML (screen readers read the MathML), wrappers
    that only the build needed, indentation outside of code. A fifth of a chapter, gzipped.
    """
    page = INKED.sub(r"\1", page)
    page = ANNOTATION.sub("", page)
    page = FORMULA.sub(r"\1", page)
    for needless in NEEDLESS:
        page = page.replace(needless, "")
    parts = KEPT_AS_IS.split(page)
    parts[::2] = [re.sub(r"\s*\n\s*", "\n", part) for part in parts[::2]]
    return "".join(parts)


def lighter_sheet(css: str) -> str:
    """A stylesheet of the book's own without its comments, line ends and indentation."""
    css = SHEET_COMMENT.sub(lambda match: match["kept"] or "", css).strip()
    css = re.sub(r"(?<=[;{},])\s*\n\s*|\s*\n\s*(?=\})", "", css)
    return re.sub(r"\s*\n\s*", " ", css) + "\n"


def lighter_script(script: str) -> str:
    """A script of the book's own without the lines that hold a comment alone."""
    return re.sub(r"^[ \t]*//.*\n", "", script, flags=re.MULTILINE)


def with_less_at_once(script: str) -> str:
    """Material's script, but the search's index is fetched when the search is first opened.

    Material itself does so from a folder (file://), and fetches it with every page elsewhere: more
    bytes than all the rest of a page. It also wants it to mark the words that a reader searched
    for, which only an address with ?h= asks for. Code blocks get their buttons (content.lazy) one
    screen ahead, and at once in what book.js draws: a quick Tab would pass by later ones.
    "Back to top" comes when a reader scrolls up, and not when the page does, since what stands
    above was drawn and is shorter than was thought: it would cover what a link led to. And the
    colours that a page comes in are not set once more: each time, the whole page's style would be
    worked out anew. A script that looks otherwise stays as it is.
    """
    if any(script.count(before) != 1 for before, _ in LATER):
        return script
    for before, after in LATER:
        script = script.replace(before, after)
    return script


def with_sizes(page: str, path: Path) -> str:
    """The page with the size of each SVG that it shows, so that nothing moves when it arrives.

    All but the first are fetched when the reader comes near.
    """
    number = 0

    def sized(match: re.Match[str]) -> str:
        nonlocal number
        tag = match[0]
        source = re.search(r'\ssrc="([^"]+\.svg)"', tag)
        if not source or re.search(r"\s(?:width|height|loading)=", tag):
            return tag
        file = path.parent / source[1]
        size = _svg_size(file) if file.is_file() else None
        if not size:
            return tag
        number += 1
        lazy = ' loading="lazy"' if number > 1 else ""
        return tag.replace("<img", f'<img width="{size[0]}" height="{size[1]}"{lazy}', 1)

    article = ARTICLE.search(page)
    if not article:
        return page
    inner = IMAGE.sub(sized, article[2])
    return page[: article.start(2)] + inner + page[article.end(2) :]


def _svg_size(file: Path) -> tuple[int, int] | None:
    """Width and height of a picture in pixels of a page, as a browser without CSS shows it."""
    head = file.read_text(encoding="utf-8")[:2000]
    sides = []
    for side in ("width", "height"):
        found = re.search(rf'<svg\b[^>]*\s{side}="([\d.]+)(pt|px|)"', head)
        if not found:
            return None
        sides.append(round(float(found[1]) * (4 / 3 if found[2] == "pt" else 1)))
    return sides[0], sides[1]


def share_styles(pages: dict[Path, str], sheet: Path) -> None:
    """Turns the style attributes of formulas into classes, with their rules at the sheet's end.

    KaTeX says the same few dozen lengths again and again. Doubled, a class's name outweighs KaTeX's
    own rules, as the attribute did. Without a sheet, the attributes stay.
    """
    if not sheet.is_file():
        return
    own, _, rules = sheet.read_text(encoding="utf-8").partition(RULES)
    names = {match["style"]: match["name"] for match in RULE.finditer(rules)}
    counted: Counter[str] = Counter()
    for page in pages.values():
        for formula in VISIBLE.findall(page):
            counted.update(match["style"] for match in STYLED.finditer(formula))
    for style, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0])):
        names.setdefault(style, f"k{len(names):x}")

    def with_class(match: re.Match[str]) -> str:
        classes = f"{match['classes']} " if match["classes"] else ""
        return f'<span class="{classes}{names[match["style"]]}"'

    for path, page in pages.items():
        pages[path] = VISIBLE.sub(lambda match: STYLED.sub(with_class, match[0]), page)
    text = "".join(f".katex .{name}.{name}{{{style}}}" for style, name in names.items())
    if counted:
        sheet.write_text(f"{own.rstrip()}\n{RULES}\n{text}\n", encoding="utf-8", newline="\n")


def _with_look(match: re.Match[str]) -> str:
    look = "raises" if match["word"] == "Raises" else "not-run"
    classes = match["classes"]
    if look not in classes.split():
        classes += f" {look}"
    return f'<div class="{classes}">{match["title"]}'


# --- labs -----------------------------------------------------------------------------------


def _lab_page(page: str, path: Path, site_dir: Path, cache: Path, used: set[Path]) -> str:
    """A page of mkdocs-jupyter without its stylesheets and scripts, in the book's own look."""
    up = "../" * len(path.parent.relative_to(site_dir).parts)
    article = ARTICLE.search(page)
    if not article:
        raise _unknown(path, site_dir)
    links = _links(path, site_dir, up)
    key = [article[2], up, links, Path(__file__).read_text(encoding="utf-8"), _katex()]
    kept = cache / (hashlib.sha256(json.dumps(key).encode()).hexdigest() + ".html")
    used.add(kept)
    try:
        inner = kept.read_text(encoding="utf-8")
    except FileNotFoundError:
        inner = _lab(article[2], up, links, path, site_dir)
        cache.mkdir(parents=True, exist_ok=True)
        aside = kept.with_suffix(f".{os.getpid()}")
        aside.write_text(inner, encoding="utf-8")
        aside.replace(kept)
    page = page[: article.start(2)] + inner + page[article.end(2) :]
    sheet = f'<link rel="stylesheet" href="{up}assets/lab.css">'
    page = page.replace("<title>", "<title>Lab: ", 1)
    return page.replace("</head>", f"{sheet}\n</head>", 1)


def _katex() -> str:
    """Changes when KaTeX does, and so do the formulas of a lab."""
    return hashlib.sha256((vendor.WEB / "package-lock.json").read_bytes()).hexdigest()


def _unknown(path: Path, site_dir: Path) -> PressError:
    return PressError(
        Problem(
            path.relative_to(site_dir).as_posix(), 1,
            "the page of a lab is not built as the press expects",
            expected="mkdocs-jupyter and nbconvert at the versions of requirements.txt",
            mend="pip install -r requirements.txt, or teach src/press/finish.py the new form",
        )
    )  # fmt: skip


def _links(path: Path, site_dir: Path, up: str) -> str:
    """The row under a lab's title: back to its chapter, and the downloads."""
    name = path.parent.name if path.name == "index.html" else path.stem
    notebook = site_dir / "downloads" / f"{name}.ipynb"
    if not notebook.is_file():
        return ""
    book = json.loads(notebook.read_text(encoding="utf-8"))["metadata"].get("book", {})
    row = []
    place = str(book.get("page", "")).removesuffix(".md")
    for target in (f"{place}/", f"{place}.html"):
        file = site_dir / target / "index.html" if target.endswith("/") else site_dir / target
        if place and file.is_file():
            row.append(f'<a class="lab" href="{up}{target}">The chapter</a>')
            break
    for kind, label in (("ipynb", "Notebook"), ("py", "Script")):
        if (site_dir / "downloads" / f"{name}.{kind}").is_file():
            row.append(
                f'<a class="download" download="{name}.{kind}" '
                f'href="{up}downloads/{name}.{kind}">{label}</a>'
            )
    return f'<p class="downloads">{" ".join(row)}</p>'


def _lab(article: str, up: str, links: str, path: Path, site_dir: Path) -> str:
    """The inside of a lab's <article>, made anew from what nbconvert wrote."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(article, "html.parser")
    for element in soup(["script", "style", "link"]):
        element.decompose()
    wrapper = soup.select_one(".jupyter-wrapper")
    # mkdocs-jupyter writes a code cell as a cell within a cell.
    every = wrapper.select(".jp-Cell") if wrapper else []
    found = [cell for cell in every if not cell.find_parent(class_="jp-Cell")]
    if not found:
        raise _unknown(path, site_dir)
    stash = _Stash(path, site_dir)
    parts: list[str] = []
    for cell in found:
        if "jp-CodeCell" in cell["class"]:
            parts.append(_code_cell(cell, up))
        elif prose := cell.select_one(".jp-RenderedMarkdown"):
            parts.append(f'<div class="lab-prose">\n{_prose(prose, soup, stash)}\n</div>')
    made = stash.restore("\n".join(parts))
    if links:
        made = made.replace("</h1>", f"</h1>\n{links}", 1)
    wrapper.replace_with("\0lab\0")
    return str(soup).replace("\0lab\0", f'<div class="lab">\n{made}\n</div>')


def _code_cell(cell, up: str) -> str:
    """Code, what it printed and what it drew, in the same form as on a chapter's page."""
    code = cell.select_one(".highlight-ipynb pre")
    tags = {name.removeprefix("celltag_") for name in cell["class"] if name.startswith("celltag_")}
    look = " raises" if "raises-exception" in tags else ""
    label = "".join(
        f'<span class="filename">{word}</span>'
        for tag, word in (("starter", "Starter"), ("check", "Check"))
        if tag in tags
    )
    made = [_highlight("python", _inside(code), look, label)]
    for output in cell.select(".jp-OutputArea-output"):
        if image := output.find("img"):
            made.append(_figure(image, up))
        elif text := output.find("pre"):
            made.append(_highlight("output", _inside(text)))
    return "\n".join(made)


def _inside(pre) -> str:
    return pre.decode_contents().removeprefix("<span></span>").strip("\n")


def _highlight(language: str, code: str, look: str = "", label: str = "") -> str:
    return (
        f'<div class="language-{language} highlight{look}">{label}'
        f"<pre><span></span><code>{code}\n</code></pre></div>"
    )


def _figure(image, up: str) -> str:
    """The chapter's own file in place of the copy that the notebook carries."""
    source = image.get("src", "")
    head = ""
    if source.startswith("data:image/svg+xml;base64,"):
        svg = base64.b64decode(source.partition(",")[2]).decode("utf-8")
        head = re.match(r"\s*<svg\b[^>]*>", svg)[0]
    place = re.search(r'data-figure="([^"]*)"', head)
    if not place:
        return f"<p>{image}</p>"
    alt = re.search(r'aria-label="([^"]*)"', head)
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', head)
    size = f' width="{float(box[1]):.0f}" height="{float(box[2]):.0f}"' if box else ""
    text = alt[1] if alt else ""
    return f'<p><img src="{up}{place[1]}" alt="{text}"{size} loading="lazy"></p>'


class _Stash:
    """Formulas, drawn, and put aside while the page around them is still taken apart."""

    def __init__(self, path: Path, site_dir: Path) -> None:
        self.page = path.relative_to(site_dir).as_posix()
        self.drawn: list[str] = []

    def draw(self, match: re.Match[str]) -> str:
        formula = match[0]
        if formula.startswith("`"):
            return formula
        display = match["display"]
        source = display if display is not None else formula[1:-1]
        number = TAG.search(source)
        try:
            made = tex.render(TAG.sub("", source).strip(), display is not None)
        except tex.BadTex as error:
            raise PressError(Problem(self.page, 1, f"a lab's formula: {error}")) from None
        if display is not None:
            name = f"Equation {number[1]}" if number else "Formula"
            shown = f'<span class="equation-number">({number[1]})</span>' if number else ""
            made = (
                f'<div class="equation" tabindex="0" role="group" aria-label="{name}">'
                f"{made}{shown}</div>"
            )
        return self.keep(made)

    def keep(self, made: str) -> str:
        self.drawn.append(made)
        return f"\1{len(self.drawn) - 1}\1"

    def restore(self, page: str) -> str:
        # A display formula that nbconvert wrapped in a paragraph of its own leaves it.
        page = re.sub("<p>\\s*(\1\\d+\1)\\s*</p>", self._block, page)
        return re.sub("\1(\\d+)\1", lambda match: self.drawn[int(match[1])], page)

    def _block(self, match: re.Match[str]) -> str:
        made = self.drawn[int(match[1].strip("\1"))]
        return made if made.startswith("<div") else f"<p>{made}</p>"


def _prose(prose, soup, stash: _Stash) -> str:
    """A Markdown cell in the site's own form: headings, code, formulas."""
    for link in prose.select("a.anchor-link"):
        link["class"] = "headerlink"
        link["title"] = "Link to this section"
    for block in prose.select("div.highlight"):
        code = block.find("pre")
        language = next((c.removeprefix("hl-") for c in block["class"] if c[:3] == "hl-"), "text")
        language = "output" if language == "text" else language
        block.replace_with(soup.new_string(stash.keep(_highlight(language, _inside(code)))))
    for text in prose.find_all(string=True):
        if "$" in text and not any(p.name in ("pre", "code") for p in text.parents):
            text.replace_with(OPAQUE.sub(stash.draw, str(text)))
    for table in prose.select("table"):
        del table["border"]
    return prose.decode_contents().strip("\n")

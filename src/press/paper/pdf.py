"""The book as one PDF, printed by headless Chromium: tagged, with an outline and page numbers.

Chromium numbers pages but cannot say in one place on which page another is. So it prints twice: the
page numbers that the first print gives are written into the contents and beside the links to hints
and solutions, where their room was kept, and the second print is the book.
"""

from __future__ import annotations

import html
import mimetypes
import re
import shutil
from itertools import groupby
from pathlib import Path
from urllib.parse import unquote, urlsplit

import jinja2
import pikepdf
from bs4 import Tag
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, Route, sync_playwright

from press import finish
from press.paper.book import Book, Formula, with_formulas
from press.problems import PressError, Problem

HERE = Path(__file__).parent
ADDRESS = "http://book.invalid/"
"""Where Chromium thinks that the site is; nothing is fetched from anywhere but the folder."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
WIDTH, HEIGHT = 140, 207
"""Millimetres that the page of print.css leaves to its text."""
PIXELS = 96 / 25.4
FORMULA = "\ue000"
"""Stands before a formula's text, where Chromium knows only figures."""
PAGED = re.compile(r'<a class="paged" href="#(?P<target>[^"]+)">[^<]*</a>')
TAG = re.compile(r"<(?P<end>/?)(?P<name>[a-z]+)[^>]*>")


def write(book: Book, site: Path, target: Path) -> int:
    """Prints the book; gives the number of its pages."""
    with sync_playwright() as playwright:
        browser = _browser(playwright)
        page = browser.new_page(viewport={"width": round(WIDTH * PIXELS), "height": 900})
        open_document(page, document(book, site), site)
        draft = target.with_suffix(".draft.pdf")
        _print(page, draft, final=False)
        pages = pages_of(draft)
        draft.unlink()
        page.evaluate(
            """(pages) => document.querySelectorAll("[data-of]").forEach((place) => {
                place.textContent = place.dataset.before + pages[place.dataset.of];
            })""",
            pages,
        )
        _print(page, target, final=True)
        browser.close()
    if pages_of(target) != pages:
        raise PressError(
            Problem(target.name, 1, "the second print has its pages elsewhere than the first",
                    mend="keep room for page numbers in src/press/paper/templates/print.css")
        )  # fmt: skip
    return _finish(book, target)


def document(book: Book, site: Path) -> str:
    """The whole book as one page of HTML, whose pictures and fonts are the site's."""
    bodies = {
        unit.name: with_formulas(_printed(unit.body), lambda n: _formula(book.formulas[n]))
        for unit in book.units
    }
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True,
        trim_blocks=True, undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    environment.filters["css"] = lambda text: text.replace("\\", "\\\\").replace('"', '\\"')
    return environment.get_template("print.html").render(
        book=book,
        bodies=bodies,
        parts=[(part, list(units)) for part, units in groupby(book.units, lambda u: u.part)],
        style=(HERE / "templates/print.css").read_text(encoding="utf-8") + flat_formulas(site),
    )


def flat_formulas(site: Path) -> str:
    """Rules that move the parts of a formula by margins, where KaTeX moves them by `position`.

    For each page Chromium goes through all that is positioned or clipped in the whole document:
    2000 formulas by 600 pages took minutes. The parts have no height, so a margin and its negative
    do the same.
    """
    sheet = site / finish.KATEX_SHEET
    rules = [
        ".katex, .katex .katex-base, .katex .vlist, .katex-display > .katex > .katex-html,"
        " .katex .vlist > span:not(:has(svg)) { position: static; }",
        ".katex .vlist > span > .pstrut { overflow: visible; }",
    ]
    for rule in finish.RULE.finditer(sheet.read_text(encoding="utf-8")):
        top = re.search(r"(?:^|;)top:(-?[\d.]+)em", rule["style"])
        if top and "position" not in rule["style"]:
            name, shift = rule["name"], float(top[1])
            rules.append(
                f".katex .vlist > .{name}.{name}:not(:has(svg))"
                f" {{ margin-block: {shift}em {-shift}em; }}"
            )
    return "\n".join(rules)


def open_document(page: Page, text: str, site: Path) -> None:
    """Shows the document as it will be printed, and fits what is too wide."""

    def answer(route: Route) -> None:
        path = unquote(urlsplit(route.request.url).path).lstrip("/")
        file = site / path
        if not path:
            route.fulfill(body=text, content_type="text/html; charset=utf-8")
        elif route.request.url.startswith(ADDRESS) and file.is_file():
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            route.fulfill(body=file.read_bytes(), content_type=kind)
        else:
            missing.append(route.request.url)
            route.abort()

    missing: list[str] = []
    page.route("**/*", answer)
    page.emulate_media(media="print", color_scheme="light")
    page.set_default_timeout(300_000)
    page.goto(ADDRESS, wait_until="load")
    page.evaluate(
        """async (height) => {
            document.documentElement.dataset.pageHeight = height;
            for (const place of document.querySelectorAll("[data-of]")) {
                place.dataset.before = place.dataset.before ?? "";
                place.textContent = place.dataset.before + "000";
            }
            await document.fonts.ready;
        }""",
        HEIGHT * PIXELS,
    )
    page.evaluate((HERE / "print.js").read_text(encoding="utf-8"))
    if missing:
        raise PressError(
            Problem("site/index.html", 1, "the book's document asks for what the site lacks",
                    got=", ".join(missing), mend="make site")
        )  # fmt: skip


def pages_of(file: Path) -> dict[str, int]:
    """The page, counted from 1, of each id that a link of the document leads to."""
    with pikepdf.open(file) as pdf:
        number = {page.objgen: n for n, page in enumerate(pdf.pages, 1)}
        return {
            str(name).removeprefix("/"): number[place[0].objgen]
            for name, place in pdf.Root.get("/Dests", {}).items()
        }


def _browser(playwright):
    program = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    try:
        return playwright.chromium.launch(executable_path=program, args=list(ARGS))
    except PlaywrightError as error:
        raise PressError(
            Problem("site/index.html", 1, "the PDF is printed by Chromium, which does not start",
                    got=str(error).split("\n")[0],
                    mend="on Debian and Ubuntu: apt install chromium;"
                    " elsewhere: playwright install chromium")
        ) from None  # fmt: skip


def _print(page: Page, target: Path, final: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    page.pdf(
        path=target, prefer_css_page_size=True, print_background=True, tagged=final, outline=final
    )


def _printed(body: Tag) -> str:
    """A unit's HTML with a box for each line of code, and room for page numbers."""
    text = PAGED.sub(
        r'\g<0><span data-of="\g<target>" data-before=", page&nbsp;"></span>',
        body.decode_contents(formatter="minimal"),
    )
    return re.sub(
        r"(<pre\b[^>]*>(?:<span></span>)?<code\b[^>]*>)(.*?)(</code></pre>)",
        lambda match: match[1] + lines(match[2]) + match[3],
        text,
        flags=re.DOTALL,
    )


def lines(code: str) -> str:
    """Code in HTML as one <span class="line"> a line; a tag that spans lines is opened anew."""
    made, opened = [], []
    for line in code.strip("\n").split("\n"):
        before = "".join(opened)
        for tag in TAG.finditer(line):
            if tag["end"]:
                opened.pop()
            else:
                opened.append(tag[0])
        made.append(f'<span class="line">{before}{line}{"</span>" * len(opened)}</span>')
    return "".join(made)


def _formula(formula: Formula) -> str:
    """A formula's look, and its text for those who hear it: many spans of letters say nothing."""
    look = re.sub(r"<(/?)katex-html\b[^>]*>", r"<\1span>", formula.look).replace(
        "<span>", '<span class="katex-html">', 1
    )
    text = html.escape(FORMULA + formula.text)
    return f'<span class="katex formula" role="img" aria-label="{text}">{look}</span>'


def _finish(book: Book, target: Path) -> int:
    """Names the document, dates it, calls formulas formulas, and packs it tightly."""
    with pikepdf.open(target, allow_overwriting_input=True) as pdf:
        for element in pdf.objects:
            if (
                isinstance(element, pikepdf.Dictionary)
                and element.get("/S") == "/Figure"
                and str(element.get("/Alt", "")).startswith(FORMULA)
            ):
                element.S = pikepdf.Name.Formula
                element.Alt = str(element.Alt).removeprefix(FORMULA)
        # Chromium uses two tags of PDF 2; to an older reader they are spans.
        pdf.Root.StructTreeRoot.RoleMap = pikepdf.Dictionary(
            Strong=pikepdf.Name.Span, Em=pikepdf.Name.Span
        )
        pdf.Root.PageMode = pikepdf.Name.UseOutlines
        moment = book.made.strftime("D:%Y%m%d%H%M%SZ")
        with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as about:
            about["dc:title"] = book.title
            about["dc:description"] = book.description
            about["dc:language"] = {book.language}
            about["dc:rights"] = book.copyright
            about["xmp:CreateDate"] = about["xmp:ModifyDate"] = book.made.isoformat()
        pdf.docinfo["/Title"] = book.title
        pdf.docinfo["/Subject"] = book.description
        pdf.docinfo["/CreationDate"] = pdf.docinfo["/ModDate"] = moment
        pikepdf.settings.set_flate_compression_level(9)  # 1.5 s for 2% of the bytes
        pdf.save(
            target,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            recompress_flate=True,
            deterministic_id=True,
        )
        return len(pdf.pages)

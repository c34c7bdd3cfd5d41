"""The policy of a page: hashes of what stands in it, and nothing that lets other text run."""

from __future__ import annotations

import base64
import hashlib

import pytest

from press import csp
from press.problems import PressError

PAGE = """<!doctype html>
<html>
<head>
<meta charset="utf-8">
<link rel="stylesheet" href="a.css">
<script>one()</script>
</head>
<body>
<script type="application/json">{"data": 1}</script>
<script src="a.js"></script>
<p>on = 2, style="no"</p>
</body>
</html>
"""


def hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def rules(page: str, **settings) -> dict[str, list[str]]:
    parts = [part.split() for part in csp.policy(page, **settings).split("; ")]
    return {name: sources for name, *sources in parts}


def test_a_policy_stands_before_everything_that_loads_and_only_once():
    page = csp.with_policy(PAGE)
    assert page.index("<meta charset") < page.index("Content-Security-Policy") < page.index("<link")
    assert csp.with_policy(page) == page
    changed = csp.with_policy(page.replace("one()", "two()"))
    assert changed.count("Content-Security-Policy") == 1
    assert hashed("two()") in changed and hashed("one()") not in changed


def test_a_page_without_a_charset_and_a_fragment_without_a_head():
    page = csp.with_policy("<html><head><title>T</title></head><body></body></html>")
    assert page.startswith('<html><head><meta http-equiv="Content-Security-Policy"')
    assert csp.with_policy("<p>part</p>") == "<p>part</p>"


def test_each_inline_script_is_allowed_by_its_hash_and_data_is_not():
    allowed = rules(PAGE)["script-src"]
    assert allowed == ["'self'", "'wasm-unsafe-eval'", hashed("one()")]
    module = PAGE.replace("<script>", "<script type=module>")
    assert rules(module)["script-src"] == allowed
    plain = PAGE.replace("<script>one()</script>\n", "")
    assert rules(plain)["script-src"] == allowed[:2]


def test_line_ends_are_hashed_as_browsers_see_them():
    assert csp.sha256("a\r\nb\rc") == csp.sha256("a\nb\nc")


def test_nothing_else_runs_or_loads():
    found = rules(PAGE)
    assert found["default-src"] == found["object-src"] == found["base-uri"] == ["'none'"]
    assert found["form-action"] == ["'none'"]
    assert found["style-src"] == ["'self'"]
    text = csp.policy(PAGE)
    for loose in ("'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'", "http", "*"):
        assert loose not in text


def test_styles_of_the_page_are_allowed_by_their_hashes():
    page = PAGE.replace("</head>", "<style>p { color: red }</style></head>")
    assert rules(page)["style-src"] == ["'self'", hashed("p { color: red }")]
    page = PAGE.replace("<p>", '<p class="a" style="text-align: right;">')
    assert rules(page)["style-src"] == ["'self'", "'unsafe-hashes'", hashed("text-align: right;")]
    page = PAGE.replace("<p>", "<p style='a: &quot;b&quot;'>")
    assert hashed('a: "b"') in rules(page)["style-src"]


def test_only_under_live_reload_do_unknown_inline_scripts_run():
    """MkDocs puts a script with a changing number into each page; the rest stays as strict."""
    strict, served = rules(PAGE), rules(PAGE, serving=True)
    assert "'unsafe-inline'" in served["script-src"]
    assert not any("sha256" in source for source in served["script-src"])  # or it were ignored
    del strict["script-src"], served["script-src"]
    assert strict == served


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ('<p onclick="go()">', "onclick="),
        ("<img\nonerror = go()>", "onerror ="),
        ('<a class="a" href="javascript:go()">', 'href="javascript:'),
        ("<form action='javascript:go()'>", "action='javascript:"),
    ],
)
def test_a_script_in_an_attribute_is_told_with_its_page(tag, told):
    with pytest.raises(PressError) as caught:
        csp.with_policy(PAGE.replace("<p>", tag), "part/page.html")
    assert "part/page.html" in str(caught.value) and told in str(caught.value)


def test_code_that_a_page_shows_is_no_handler():
    shown = '<code>&lt;p onclick="go()"&gt; on = 1</code><script>x = "<p onclick=1>"</script>'
    csp.with_policy(PAGE.replace("<p>", f"<p>{shown}"))


def test_pages_of_a_site_are_written_only_where_they_change(tmp_path):
    (tmp_path / "part").mkdir()
    for name in ("index.html", "part/index.html"):
        (tmp_path / name).write_text(PAGE, encoding="utf-8")
    assert len(csp.write(tmp_path)) == 2
    assert csp.write(tmp_path) == []

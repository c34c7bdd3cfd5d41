"""What MkDocs calls before and after a build. Only labs and conveniences: no chapter needs it."""

from __future__ import annotations

from pathlib import Path

from press import (
    csp,
    fonts,
    lean,
    navigation,
    offline_zip,
    previews,
    search,
    site,
    stretches,
    tex,
    verified,
)
from press.live import offline
from press.paper import offer
from press.problems import PressError

_servers: list = []


def on_startup(command, dirty) -> None:
    site.live_reload = command == "serve"  # there: MkDocs loads this file anew for each build


def on_pre_build(config) -> None:
    root = Path(config.config_file_path).parent
    site.restart_if_press_changed(Path(config.site_dir))
    for server in _servers:
        site.watch(server, root / "docs")
    try:
        site.prepare(root)
    except PressError as error:
        raise tex.stop(*error.problems) from None


def on_serve(server, config, builder):
    _servers.append(server)
    site.watch(server, Path(config.docs_dir))
    site.keep_old_pages(server)
    return server


def on_page_markdown(markdown, page, config, files):
    """A lab says again what its chapter says, so search gives the chapter alone."""
    if page.file.src_uri.startswith("labs/"):
        page.meta["search"] = {"exclude": True}
    return markdown


def on_post_build(config) -> None:
    root = Path(config.config_file_path).parent
    try:
        site.finish(config.site_dir, root / ".cache" / "labs")
        if site.marks.has_runtime(Path(config.site_dir)):
            site.marks.mark(Path(config.site_dir), root)
        navigation.signposts(Path(config.site_dir), root)
        verified.stamp(Path(config.site_dir), root)
        previews.write(Path(config.site_dir))
        search.improve(Path(config.site_dir), root)
        stretches.write(Path(config.site_dir))
        csp.write(Path(config.site_dir), site.live_reload)
        if not site.live_reload:
            lean.trim(Path(config.site_dir))
            fonts.lighten(Path(config.site_dir), root / ".cache" / "fonts")
        lean.join(Path(config.site_dir))
        if not site.live_reload:
            made = offline_zip.write(Path(config.site_dir), root, config.site_url or "")
            offer.tell(Path(config.site_dir), [made])
        offline.write(Path(config.site_dir))  # last: it lists the bytes of every page
    except PressError as error:
        raise tex.stop(*error.problems) from None

"""The press from the command line: `python -m press check docs/index.md`."""

from __future__ import annotations

import argparse
import sys

from press.problems import PressError


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m press", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("check", "run pages and compare outputs, figures, shapes and prose with the code"),
        ("update", "rewrite a page's outputs and figures from what its code gives now"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("pages", nargs="*", metavar="docs/….md", help="default: every page")
    commands.add_parser("prepare", help="make what the site needs: labs, downloads, fonts")
    commands.add_parser("site", help="build the deployable site/")
    for name, text in (
        ("pdf", "print the built site as one PDF, into dist/"),
        ("epub", "pack the built site as an EPUB, into dist/"),
        ("book", "build the site, make both, and offer them on it"),
    ):
        commands.add_parser(name, help=text)
    serve = commands.add_parser("serve", help="build and serve the book with live reload")
    serve.add_argument("--port", type=int, default=8000)
    options = parser.parse_args(argv)
    try:
        if options.command == "check":
            from press import check

            return check.main(options.pages)
        if options.command == "update":
            from press import update

            return update.main(options.pages)
        if options.command in ("pdf", "epub"):
            from press import paper

            paper.make((options.command,))
            return 0
        from press import site

        if options.command == "prepare":
            site.prepare()
        elif options.command == "site":
            site.build()
        elif options.command == "book":
            from press import paper

            site.build()
            paper.make(offered=True)
        else:
            site.serve(options.port)
    except PressError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

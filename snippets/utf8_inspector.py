"""What a text is made of: code points, names and UTF-8 bytes, one line each."""

import unicodedata


def inspect_text(text: str) -> list[str]:
    """A line for each code point, and one for each thing that may surprise.

    Reported are accents of their own, invisible characters, lone surrogates (UTF-8
    has no form for them), and a text that normalisation (NFC) would change.
    """
    lines = []
    for character in text:
        code, category = ord(character), unicodedata.category(character)
        if category == "Cs":
            lines.append(f"U+{code:04X}  no UTF-8: a lone surrogate")
            continue
        data = character.encode().hex(" ")
        notes = {"Mn": "  [joins the one before]", "Cf": "  [invisible]"}
        name = unicodedata.name(character, "(a control character or unassigned)")
        lines.append(f"U+{code:04X}  {data:11}  {name}{notes.get(category, '')}")
    if unicodedata.normalize("NFC", text) != text:
        lines.append("NFC would change this text: normalise before comparing")
    return lines


if __name__ == "__main__":
    print(*inspect_text("e\u0301\u200d\N{GRINNING FACE}\ud83d\n"), sep="\n")

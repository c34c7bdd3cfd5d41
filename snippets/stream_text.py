"""Text from bytes that arrive in pieces: no half character is ever shown."""

import codecs
from collections.abc import Iterable, Iterator


def stream_text(pieces: Iterable[bytes]) -> Iterator[str]:
    """For each piece of UTF-8, the text that is complete once it has come.

    Up to three bytes of an unfinished character wait for the next piece. If they
    still wait at the end, a last string is U+FFFD. Bytes that are no UTF-8 at all
    become U+FFFD where they stand.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for piece in pieces:
        yield decoder.decode(piece)
    rest = decoder.decode(b"", final=True)
    if rest:
        yield rest


if __name__ == "__main__":
    tokens = [b"na\xc3", b"\xafve ", b"\xf0\x9f", b"\x98", b"\x80"]
    alone = [token.decode("utf-8", "replace") for token in tokens]
    print("token by token:", *map(ascii, alone))
    print("streamed:      ", *map(ascii, stream_text(tokens)))
    print("cut off:       ", *map(ascii, stream_text(tokens[:1])))

"""Byte-pair encoding over UTF-8 bytes: train, encode, decode, exactly reversible."""

import re
from collections import Counter
from itertools import pairwise

WORD = re.compile(r" ?\w+| ?[^\w\s]+|\s+")  # no token crosses from one to the next


def train(text: str, merges: int) -> dict[tuple[int, int], int]:
    """At most `merges` pairs and their new ids, from 256 on, in the order learned.

    The most frequent pair is merged; of several, the one with the smallest ids.
    """
    words = Counter(tuple(part.encode()) for part in WORD.findall(text))
    learned = {}
    while len(learned) < merges:
        counts = Counter()
        for word, times in words.items():
            for pair in pairwise(word):
                counts[pair] += times
        best = min(counts, key=lambda pair: (-counts[pair], pair), default=None)
        if counts[best] < 2:
            break
        learned[best] = new = 256 + len(learned)
        words = {_merge(word, best, new): times for word, times in words.items()}
    return learned


def encode(text: str, learned: dict[tuple[int, int], int]) -> list[int]:
    """The ids of `text`; the pair that was learned first is merged first.

    `decode` gives the text back, exactly. Raises UnicodeEncodeError for a lone
    surrogate, the one thing in a Python string that UTF-8 cannot write.
    """
    ids = []
    for part in WORD.findall(text):
        word = tuple(part.encode())
        while known := [pair for pair in pairwise(word) if pair in learned]:
            first = min(known, key=learned.get)
            word = _merge(word, first, learned[first])
        ids.extend(word)
    return ids


def decode(ids: list[int], learned: dict[tuple[int, int], int]) -> str:
    """The text of `ids`; bytes of a character cut in two become U+FFFD.

    Raises ValueError for an id that is no token, such as a special one.
    """
    table = {byte: bytes([byte]) for byte in range(256)}
    for (first, second), new in learned.items():
        table[new] = table[first] + table[second]
    unknown = [token for token in ids if token not in table]
    if unknown:
        raise ValueError(f"decode: no token {unknown[0]} among {len(table)}")
    return b"".join(table[token] for token in ids).decode("utf-8", "replace")


def _merge(word: tuple, pair: tuple, new: int) -> tuple:
    merged = []
    for token in word:  # `new` is in no pair that came before it, so it joins none
        if merged and (merged[-1], token) == pair:
            merged[-1] = new
        else:
            merged.append(token)
    return tuple(merged)


if __name__ == "__main__":
    text = "the cat saw the dog. the dog saw the cat."
    learned = train(text, merges=12)
    ids = encode(text, learned)
    print(len(text.encode()), "bytes,", len(ids), "tokens:", ids[:6], "…")
    print(decode(ids, learned) == text, [decode([i], learned) for i in ids[:6]])
    print(encode("cé", learned), decode([195], learned) == "\ufffd")

"""Text as numbers: the mathematics of chapter 11.

Text becomes UTF-8 bytes, 0 to 255. Byte-pair encoding merges pairs of neighbours into
tokens: merge number k, counted from 0, makes the token 256 + k. A model sees each
token as a row of the matrix E (V, D).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np


# --8<-- [start:utf8]
def utf8(code: int) -> list[int]:
    """The one to four UTF-8 bytes of a code point (eq:utf8).

    Raises ValueError outside 0 … 0x10FFFF, and for a surrogate (0xD800 … 0xDFFF).
    """
    if not 0 <= code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise ValueError(f"utf8: {code:#x} is no character's code point")
    if code < 128:
        return [code]
    length = 2 if code < 2**11 else 3 if code < 2**16 else 4
    mark = {2: 192, 3: 224, 4: 240}[length]
    tail = []
    for _ in range(length - 1):
        code, low = divmod(code, 64)
        tail.append(128 + low)
    return [mark + code, *reversed(tail)]


# --8<-- [end:utf8]


# --8<-- [start:character-vocabulary]
def character_vocabulary(text: str) -> list[str]:
    """The different characters of `text`, sorted: a character's place is its id."""
    return sorted(set(text))


# --8<-- [end:character-vocabulary]


# --8<-- [start:merge-pair]
Pair = tuple[int, int]


def merge_pair(ids: Sequence[int], pair: Pair, new: int) -> tuple[int, ...]:
    """`ids` with each `pair`, found from left to right, replaced by the id `new`."""
    merged = []
    at = 0
    while at < len(ids):
        if tuple(ids[at : at + 2]) == pair:
            merged.append(new)
            at += 2
        else:
            merged.append(ids[at])
            at += 1
    return tuple(merged)


# --8<-- [end:merge-pair]


# --8<-- [start:split-words]
WORD = re.compile(r" ?\w+| ?[^\w\s]+|\s+")


def split_words(text: str) -> list[str]:
    """Words and runs of signs, each with the space before it; other white space.

    The parts, joined, are the text again.
    """
    return WORD.findall(text)


# --8<-- [end:split-words]


# --8<-- [start:to-bytes]
def to_bytes(text: str) -> bytes:
    """UTF-8; a lone surrogate, which UTF-8 has no form for, gets three bytes too."""
    return text.encode("utf-8", "surrogatepass")


def from_bytes(data: bytes) -> str:
    """The text of UTF-8 bytes; where they are none, U+FFFD stands for the faults."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


# --8<-- [end:to-bytes]


# --8<-- [start:count-pairs]
Split = Callable[[str], list[str]]


def count_words(text: str, split: Split = split_words) -> Counter:
    """How often each part of `text` occurs; the parts are tuples of bytes."""
    return Counter(tuple(to_bytes(part)) for part in split(text))


def count_pairs(words: Counter) -> Counter:
    """How often each pair stands side by side in the words, n_w times each."""
    counts = Counter()
    for word, times in words.items():
        for pair in pairwise(word):
            counts[pair] += times
    return counts


def best_pair(counts: Counter) -> Pair | None:
    """The most frequent pair (eq:best-pair); of several, the one with smallest ids.

    None where no pair occurs twice: then merging saves nothing worth a token.
    """
    best = min(counts, key=lambda pair: (-counts[pair], pair), default=None)
    return best if counts[best] >= 2 else None


# --8<-- [end:count-pairs]


# --8<-- [start:train-recount]
def train_bpe_recount(
    text: str, merges: int, split: Split = split_words
) -> list[Pair]:
    """At most `merges` merges learned from `text`; counts all pairs at each merge."""
    words = count_words(text, split)
    learned = []
    while len(learned) < merges:
        best = best_pair(count_pairs(words))
        if best is None:
            break
        new = 256 + len(learned)
        words = {merge_pair(word, best, new): times for word, times in words.items()}
        learned.append(best)
    return learned


# --8<-- [end:train-recount]


# --8<-- [start:train-bpe]
def train_bpe(text: str, merges: int, split: Split = split_words) -> list[Pair]:
    """At most `merges` merges learned from `text`; updates the counts it changes.

    The merges of `train_bpe_recount`, sooner: only words that hold the pair are read
    again, so no word is read more than ℓ_w − 1 times (eq:bpe-work).
    """
    counted = count_words(text, split)
    words, times = list(counted), list(counted.values())
    counts = count_pairs(counted)
    holders = defaultdict(set)  # for each pair, the numbers of the words that hold it
    for number, word in enumerate(words):
        for pair in pairwise(word):
            holders[pair].add(number)
    learned = []
    while len(learned) < merges and (best := best_pair(counts)):
        for number in holders.pop(best):
            before = words[number]
            after = merge_pair(before, best, 256 + len(learned))
            for pair in pairwise(before):
                counts[pair] -= times[number]
                holders[pair].discard(number)
            for pair in pairwise(after):
                counts[pair] += times[number]
                holders[pair].add(number)
            words[number] = after
        learned.append(best)
    return learned


# --8<-- [end:train-bpe]


# --8<-- [start:encode]
def encode_part(ids: Sequence[int], ranks: dict[Pair, int]) -> tuple[int, ...]:
    """Merges the pair that was learned first, until none is left to merge."""
    while known := [pair for pair in pairwise(ids) if pair in ranks]:
        first = min(known, key=ranks.get)
        ids = merge_pair(ids, first, 256 + ranks[first])
    return tuple(ids)


def encode(text: str, merges: list[Pair], split: Split = split_words) -> list[int]:
    """The token ids of `text`, below 256 + len(merges).

    `split` must be the one of the training. `decode` gives the text back exactly.
    """
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    parts = split(text)
    known = {part: encode_part(to_bytes(part), ranks) for part in set(parts)}
    return [token for part in parts for token in known[part]]


# --8<-- [end:encode]


# --8<-- [start:decode]
def token_table(merges: list[Pair]) -> list[bytes]:
    """The bytes of each token: 256 single bytes, then one entry for each merge."""
    table = [bytes([byte]) for byte in range(256)]
    for first, second in merges:
        table.append(table[first] + table[second])
    return table


def decode(ids: Sequence[int], merges: list[Pair]) -> str:
    """The text of token ids; bytes that are no UTF-8 become U+FFFD.

    Raises ValueError for an id outside the vocabulary.
    """
    table = token_table(merges)
    for token in ids:
        if not 0 <= token < len(table):
            raise ValueError(f"decode: no token {token} in a table of {len(table)}")
    return from_bytes(b"".join(table[token] for token in ids))


# --8<-- [end:decode]


# --8<-- [start:bytes-per-token]
def bytes_per_token(
    text: str, merges: list[Pair], split: Split = split_words
) -> float:
    """How many bytes of `text` a token stands for on average (eq:bytes-per-token)."""
    return len(to_bytes(text)) / len(encode(text, merges, split))


# --8<-- [end:bytes-per-token]


# --8<-- [start:one-hot]
def one_hot(ids: np.ndarray, V: int) -> np.ndarray:
    """A 1 in the column of its id, else 0: ids of any shape (…), result (…, V)."""
    return np.eye(V)[check_ids(ids, V)]


def check_ids(ids: np.ndarray, V: int) -> np.ndarray:
    """`ids` as an array; ValueError unless they are whole numbers from 0 to V − 1."""
    ids = np.asarray(ids)
    if not np.issubdtype(ids.dtype, np.integer):
        raise ValueError(f"ids are whole numbers, not {ids.dtype}")
    if ids.size and not 0 <= ids.min() <= ids.max() < V:
        raise ValueError(f"ids run from 0 to {V - 1}, not {ids.min()} to {ids.max()}")
    return ids


# --8<-- [end:one-hot]


# --8<-- [start:embed]
def embed(ids: np.ndarray, E: np.ndarray) -> np.ndarray:
    """The rows of E (V, D) that `ids` name (eq:embed): ids (…), result (…, D).

    Raises ValueError for ids outside 0 … V − 1: −1 would give the last row unasked.
    """
    return E[check_ids(ids, len(E))]


# --8<-- [end:embed]


# --8<-- [start:embed-backward]
def embed_backward(ids: np.ndarray, d_X: np.ndarray, V: int) -> np.ndarray:
    """The gradient of E (V, D), from d_X (…, D) for ids (…) (eq:d-embed).

    Each row of d_X is added to the row of its id; an id that occurs twice gets both.
    """
    ids = check_ids(ids, V)
    if d_X.shape[:-1] != ids.shape:
        raise ValueError(
            f"embed_backward: ids {ids.shape} do not fit d_X {d_X.shape}"
        )
    d_E = np.zeros((V, d_X.shape[-1]), d_X.dtype)
    np.add.at(d_E, ids, d_X)
    return d_E


# --8<-- [end:embed-backward]

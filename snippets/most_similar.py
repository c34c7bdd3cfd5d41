"""The rows most similar to a query, by cosine or by dot product, in NumPy."""

import numpy as np


def most_similar(
    query: np.ndarray, rows: np.ndarray, k: int = 5, by: str = "cosine"
) -> tuple[np.ndarray, np.ndarray]:
    """Indices and scores of the k rows (n, d) most like `query` (d,), best first.

    `by` is "cosine" (direction alone) or "dot" (direction and length). Rows
    of zeros score 0 by cosine. Raises ValueError for another `by`, or for shapes that
    do not fit.
    """
    if rows.ndim != 2 or query.shape != rows.shape[1:]:
        raise ValueError(
            f"most_similar: query {query.shape} does not fit rows {rows.shape}"
        )
    if by not in ("cosine", "dot"):
        raise ValueError(f'most_similar: by is "cosine" or "dot", not {by!r}')
    scores = rows @ query
    if by == "cosine":
        lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(query)
        scores = np.divide(
            scores, lengths, out=np.zeros(len(rows)), where=lengths > 0
        )
    best = np.argsort(-scores, kind="stable")[:k]  # stable: ties keep their order
    return best, scores[best]


if __name__ == "__main__":
    names = ["king", "queen", "man", "woman", "apple", "orange"]
    words = np.array(
        [
            [0.9, 0.1],
            [0.85, 0.15],
            [0.8, -0.1],
            [0.75, -0.05],
            [-0.2, 0.9],
            [-0.15, 0.85],
        ]
    )
    for by in ("dot", "cosine"):
        best, scores = most_similar(words[0], words, k=4, by=by)
        found = [
            f"{names[i]} {score:.3f}" for i, score in zip(best, scores, strict=True)
        ]
        print(f"{by:<7}", ", ".join(found))

"""The gradient of an embedding in NumPy: a scatter-add that loses no repeated id."""

import numpy as np


def embedding_backward(
    ids: np.ndarray, d_x: np.ndarray, rows: int, padding: int | None = None
) -> np.ndarray:
    """The gradient of E (rows, D), from d_x (…, D) for ids (…), of the type of d_x.

    `d_e[ids] += d_x` would keep one row for each id and drop the others. The row of
    `padding` gets no gradient, as with padding_idx of torch.nn.Embedding. Raises
    ValueError for shapes that do not fit and for ids outside 0 … rows − 1.
    """
    ids, d_x = np.asarray(ids), np.asarray(d_x)
    if d_x.shape[:-1] != ids.shape:
        raise ValueError(f"embedding_backward: ids {ids.shape}, but d_x {d_x.shape}")
    if ids.size and not 0 <= ids.min() <= ids.max() < rows:
        raise ValueError(
            f"embedding_backward: ids {ids.min()} … {ids.max()} for {rows} rows"
        )
    d_e = np.zeros((rows, d_x.shape[-1]), d_x.dtype)
    np.add.at(d_e, ids, d_x)
    if padding is not None:
        d_e[padding] = 0
    return d_e


if __name__ == "__main__":
    ids = np.array([3, 0, 2, 3, 1])  # 3 occurs twice
    d_x = np.arange(1.0, 11.0).reshape(5, 2)
    forgets = np.zeros((4, 2))
    forgets[ids] += d_x
    print("scatter-add, row 3:", embedding_backward(ids, d_x, 4)[3])
    print("plus-equals, row 3:", forgets[3])
    print("3 as padding:      ", embedding_backward(ids, d_x, 4, padding=3)[3])

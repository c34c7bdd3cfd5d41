"""GELU, exact and in its tanh form, in NumPy; which one does your model need?"""

import math

import numpy as np

_erfc = np.vectorize(math.erfc, otypes=[float])


def gelu(z: np.ndarray, approximate: str = "none") -> np.ndarray:
    """GELU, entry by entry, in float64; shape in = shape out.

    `approximate` is as in PyTorch: "none" is z Φ(z), exact also far to the left of 0;
    "tanh" is the form in the code of GPT-2 and BERT. They differ by less than 0.0005.
    Raises ValueError for another `approximate`.
    """
    z = np.asarray(z, dtype=np.float64)
    if approximate == "none":
        return z * _erfc(-z / math.sqrt(2)) / 2  # 1 + erf(…) would lose the left tail
    if approximate == "tanh":
        inner = math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)
        return z / 2 * (1 + np.tanh(inner))
    raise ValueError(f'gelu: approximate is "none" or "tanh", not {approximate!r}')


if __name__ == "__main__":
    z = np.array([-2.7, -1.0, 0.0, 1.0, 2.7])
    print("exact", gelu(z).round(5))
    print("tanh ", gelu(z, approximate="tanh").round(5))
    print(f"far left: {gelu(-12.0):.2e}")

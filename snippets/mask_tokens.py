"""BERT's training exercise: hide some tokens, and say which are asked for."""

import numpy as np


def mask_tokens(
    ids: np.ndarray,
    mask_id: int,
    vocabulary: int,
    rng: np.random.Generator,
    share: float = 0.15,
    special: tuple[int, ...] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """Inputs with holes, and labels: the old id where asked, −100 elsewhere.

    Of the chosen tokens 80% become `mask_id`, 10% a random id below `vocabulary`,
    10% stay. Ids in `special` (padding, separators) are never chosen. −100 is what
    PyTorch's cross-entropy leaves out. `ids` stays as it is. Raises ValueError for a
    share outside 0 … 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"mask_tokens: a share lies between 0 and 1, not {share}")
    chosen = (rng.random(ids.shape) < share) & ~np.isin(ids, special)
    dice = rng.random(ids.shape)
    random_ids = rng.integers(0, vocabulary, size=ids.shape)
    inputs = np.where(chosen & (dice < 0.8), mask_id, ids)
    inputs = np.where(chosen & (dice >= 0.9), random_ids, inputs)
    return inputs, np.where(chosen, ids, -100)


if __name__ == "__main__":
    rng = np.random.default_rng(2)
    ids = np.array(
        [[5, 6, 7, 8, 9, 5, 6, 7], [9, 8, 7, 6, 0, 0, 0, 0]]
    )  # 0 is padding
    inputs, labels = mask_tokens(ids, 10, 10, rng, share=0.4, special=(0,))
    print(inputs)
    print(labels)

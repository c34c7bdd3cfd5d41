"""The toy sentence and the small numbers that Parts II and III work by hand."""

import numpy as np

# --8<-- [start:toy-sentence]
SENTENCE = "the cat saw the dog"
WORDS = ["cat", "dog", "saw", "the"]  # the vocabulary, in alphabetical order
IDS = np.array([WORDS.index(word) for word in SENTENCE.split()])
# --8<-- [end:toy-sentence]

# --8<-- [start:toy-embedding]
E = np.array([  # columns: animal, action, article, which animal
    [1.0, 0.0, 0.0, 1.0],  # cat
    [1.0, 0.0, 0.0, -1.0],  # dog
    [0.0, 1.0, 0.0, 0.0],  # saw
    [0.0, 0.0, 1.0, 0.0],  # the
])  # fmt: skip
# --8<-- [end:toy-embedding]

# --8<-- [start:toy-projections]
W_q = np.array([[0, 4, 2, 0], [4, 0, 0, 0], [2, 0, 0, 0], [0, 0, 0, 2.0]])
W_k = np.array([[1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])
W_v = np.array([[1, 0, 0, 0], [0, 2, 0, 0], [0, 0, 1, 1], [0, 1, 0, 1.0]])
W_o = np.array([[1, 0, 0, 1], [0, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1.0]])
# --8<-- [end:toy-projections]

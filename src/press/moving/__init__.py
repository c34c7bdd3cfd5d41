"""Moving figures: pictures of the book that a reader can take by the hand.

`marks` reads which picture moves and tells the pages, `assets` makes one script of the sources
beside it: `mathematics.js`, `stage.js`, `moving.css`, and a file in figures/ for each figure.
"""

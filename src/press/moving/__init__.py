"""Moving figures: pictures of the book that a reader can take by the hand.

`marks` reads which picture moves and tells the pages, `assets` makes a script for each file
in figures/, with what they share: `mathematics.js`, `stage.js`, `grid.js`, `toy.js`, `moving.css`.
"""

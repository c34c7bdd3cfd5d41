"""The book to take along: one PDF and one EPUB, made from the pages of the built site.

`book` takes the pages apart and puts them in a book's order, `pdf` prints that with Chromium,
`epub` packs it, and `offer` puts both on the built site.
"""

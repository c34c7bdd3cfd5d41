"""Live blocks: what lets a reader run, change and check the book's code in the page.

`runtime` fetches and prepares Python for the browser, `session` runs blocks in it, and `marks`
tells the pages which blocks are live.
"""

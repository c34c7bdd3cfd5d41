"""The mathematics of the book, one module an idea, in teaching order."""

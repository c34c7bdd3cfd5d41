"""The matplotlib backend that blocks draw on: `plt.show()` shows nothing and says so to the press.

A figure counts as shown when the block has called `plt.show()`: a reader who copies the block
needs that line to see anything.
"""

from matplotlib import pyplot as plt
from matplotlib.backends.backend_svg import FigureCanvasSVG as FigureCanvas
from matplotlib.backends.backend_svg import FigureManagerSVG as FigureManager

__all__ = ["FigureCanvas", "FigureManager", "show"]

shown: set[int] = set()
"""Numbers of the figures that were open when `plt.show()` was called."""


def show(*, block: bool | None = None) -> None:
    shown.update(plt.get_fignums())

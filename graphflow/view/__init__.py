"""Cases as pages a person can open: `view(graph, case)` gives a `Page`, `report.report(...)` the page that links them.

text → picture (what is drawn) → layout (where) → network (pyvis) → page (the whole)
"""

from graphflow.view.page import Page, view

__all__ = ["Page", "view"]

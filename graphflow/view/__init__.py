"""Cases as pages a person can open: `view(graph, case)` gives a `Page`, `report.report(...)` the page that links them.

text → picture (what is drawn) → layout (where) → network (pyvis) → page (the whole)

The report has its rows from report_cases and case_shape, its charts from flagged_flow and report_charts; `run_report`
puts an analysis into it.

`trace_page(trace)` does the same for a trace: trace_picture (what is drawn), trace_sections (the tables), and the rest
as above; `trace_folder.write_trace` puts it beside the tables.
"""

from graphflow.view.page import Page, view

__all__ = ["Page", "view"]

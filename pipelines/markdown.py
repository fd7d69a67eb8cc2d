"""Tables in GitHub-flavoured Markdown."""

from collections.abc import Iterable


def grid(header: str, rows: Iterable[Iterable[object]]) -> str:
    """Return a Markdown table; `header` separates its cells by semicolons."""
    names = header.split("; ")
    lines = [line(names), line("---" for _ in names), *(line(row) for row in rows)]
    return "\n".join(lines) + "\n"


def line(cells: Iterable[object]) -> str:
    """Return one line of a table, its cells escaped."""
    return "| " + " | ".join(escaped(str(cell)) for cell in cells) + " |"


def escaped(text: str) -> str:
    """Return a text that cannot break its cell: on one line, bars escaped."""
    return " ".join(text.split()).replace("|", "\\|")

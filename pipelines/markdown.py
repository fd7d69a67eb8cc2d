"""Tables in GitHub-flavoured Markdown."""

from collections.abc import Iterable


def grid(header: str, rows: Iterable[Iterable[object]]) -> str:
    """Return a Markdown table; `header` separates its cells by semicolons."""
    names = header.split("; ")
    lines = [_line(names), _line("---" for _ in names), *(_line(row) for row in rows)]
    return "\n".join(lines) + "\n"


def _line(cells: Iterable[object]) -> str:
    return "| " + " | ".join(_escaped(str(cell)) for cell in cells) + " |"


def _escaped(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")

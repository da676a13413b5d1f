# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
"""What the benchmarks' charts and tables are made of: pieces of SVG, and tables of reST."""

import os
from xml.sax.saxutils import escape

COLOURS = ("#1f5fa8", "#9aa5b1", "#c9a227", "#6b8f71", "#a86a5f", "#7d6b9d", "#5f9ea0", "#444444")
WIDTH, HEIGHT = 900, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 76, 56
STYLE = "font-family:sans-serif;font-size:%dpx;fill:#333"
HEAD = "..  SPDX-License-Identifier: BSD-3-Clause\n    Copyright(c) 2026 The slipway authors"


def text(x, y, words, size=12, anchor="middle"):
    """One line of text."""
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" '
            f'style="{STYLE % size}">{escape(words)}</text>')


def line(x1, y1, x2, y2, colour="#ddd"):
    """One thin line."""
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
            f'stroke="{colour}"/>')


def tick_step(top):
    """A round distance between grid lines: about five of them below top."""
    step = 1.0
    while top / step > 6:
        step *= 2.5 if str(step)[0] == "2" else 2
    return step


def grid(top, y_of):
    """Horizontal lines with their values."""
    step = tick_step(top)
    out, value = [], 0.0
    while value <= top:
        out.append(line(LEFT, y_of(value), WIDTH - RIGHT, y_of(value)))
        out.append(text(LEFT - 8, y_of(value) + 4, f"{value:g}", 11, "end"))
        value += step
    return out


def legend(names):
    """Which colour is which; closer where there are many."""
    gap, letter = 36, 8
    if LEFT + sum(gap + letter * len(name) for name in names) > WIDTH:
        gap, letter = 28, 7
    out, x = [], LEFT
    for i, name in enumerate(names):
        out.append(f'<rect x="{x}" y="44" width="12" height="12" fill="{COLOURS[i]}"/>')
        out.append(text(x + 18, 54, name, 12, "start"))
        x += gap + letter * len(name)
    return out


def frame(title, foot):
    """What is around a chart."""
    return [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
            text(LEFT, 26, title, 15, "start"),
            text(LEFT, HEIGHT - 10, foot, 11, "start")]


def write_svg(directory, name, picture):
    """A list of elements as a file."""
    with open(os.path.join(directory, name + ".svg"), "w", encoding="utf-8") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
                   f'width="{WIDTH}" height="{HEIGHT}">\n' + "\n".join(picture) + "\n</svg>\n")


def table(head, rows):
    """A simple table of reST."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    rule = "  ".join("=" * width for width in widths)

    def row_of(cells):
        return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip()

    return "\n".join([rule, row_of(head), rule, *[row_of(row) for row in rows], rule, ""])

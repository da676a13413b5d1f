#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
"""Draw what bench-event --json wrote as a bar chart.

usage: plot_bench.py RESULT.json CHART.svg

One group of bars a cell, one bar a device; thin lines reach from the least to the most sample.
"""

import json
import sys
from xml.sax.saxutils import escape

COLOURS = ("#1f5fa8", "#9aa5b1", "#c9a227", "#6b8f71", "#a86a5f", "#7d6b9d", "#5f9ea0", "#444444")
WIDTH, HEIGHT = 860, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 76, 56
STYLE = "font-family:sans-serif;font-size:%dpx;fill:#333"


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


def bar(result, x, width, colour, y_of):
    """The bar of one device in one cell, or why there is none."""
    centre = x + width / 2
    if "median_mps" not in result:
        word = "failed" if "failed" in result else "refused"
        return [f'<text transform="translate({centre + 4:.1f},{y_of(0) - 6:.1f}) rotate(-90)" '
                f'style="{STYLE % 10}">{word}</text>']
    y = y_of(result["median_mps"])
    return [f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
            f'height="{y_of(0) - y:.1f}" fill="{colour}"/>',
            line(centre, y_of(result["min_mps"]), centre, y_of(result["max_mps"]), "#333"),
            text(centre, y_of(result["max_mps"]) - 4, f'{result["median_mps"]:.0f}', 10)]


def legend(devices):
    """Which colour is which device."""
    out, x = [], LEFT
    for i, device in enumerate(devices):
        out.append(f'<rect x="{x}" y="44" width="12" height="12" fill="{COLOURS[i]}"/>')
        out.append(text(x + 18, 54, device, 12, "start"))
        x += 36 + 8 * len(device)
    return out


def chart(run):
    """The whole picture as a list of SVG elements."""
    cells, loop = run["cells"], run["loop"]
    devices = [result["device"] for result in cells[0]["results"]]
    top = 1.1 * max([r["max_mps"] for c in cells for r in c["results"] if "max_mps" in r] or [1])

    def y_of(value):
        return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)

    out = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
           text(LEFT, 26, "Million deliveries a second, one thread (more is better)", 15, "start"),
           text(LEFT, HEIGHT - 10,
                f'window {loop["window"]}, burst {loop["burst"]}, {loop["flows"]} flows; median '
                f'of {loop["repeats"]} samples of {loop["seconds"]:g} s; {run["dpdk"]}',
                11, "start")]
    out += legend(devices) + grid(top, y_of)
    group = (WIDTH - LEFT - RIGHT) / len(cells)
    width = group * 0.8 / len(devices)
    for c, cell in enumerate(cells):
        left = LEFT + c * group
        out.append(text(left + group / 2, HEIGHT - BOTTOM + 18, cell["name"]))
        for i, result in enumerate(cell["results"]):
            out += bar(result, left + group * 0.1 + i * width, width * 0.9, COLOURS[i], y_of)
    return out


def main():
    """Read, draw, write."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        with open(sys.argv[1], encoding="utf-8") as file:
            picture = chart(json.load(file))
        with open(sys.argv[2], "w", encoding="utf-8") as file:
            file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
                       f'width="{WIDTH}" height="{HEIGHT}">\n' + "\n".join(picture) + "\n</svg>\n")
    except OSError as error:
        sys.exit(f"plot_bench.py: {error}")
    except (ValueError, KeyError, IndexError) as error:
        sys.exit(f"plot_bench.py: {sys.argv[1]} is not what bench-event --json writes: {error!r}")


if __name__ == "__main__":
    main()

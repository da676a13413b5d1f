#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
"""Draw what bench-dma --json wrote, and write it as tables for the guide.

usage: plot_bench.py RESULT.json DIRECTORY

Writes bench_dma_*.svg, one a chart for which there are figures, and bench_dma_tables.inc, in reST.
Lines are of rates by size, one line a way to copy; bars are of the cycles of each call.
"""

import json
import math
import os
import sys

# No cache of what is compiled in the source tree.
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../bench-common"))

from chart import (BOTTOM, COLOURS, HEAD, HEIGHT, LEFT, RIGHT, TOP, WIDTH, frame, grid, legend,
                   line, table, text, write_svg)

RATE = "10^9 bytes a second"
PARTS = ("enqueue", "submit", "poll")
TITLES = {
    ("copy", "hot"): "Copies in the caches, 10^9 bytes a second",
    ("copy", "cold"): "Copies of what is flushed from all caches, 10^9 bytes a second",
    ("parts", "hot"): "Time stamp cycles a copy: ``rte_dma_copy`` + ``rte_dma_submit`` + "
                      "``rte_dma_completed``",
    ("parts", "cold"): "The same of what is flushed from all caches",
}


def size_name(size):
    """As people write it."""
    for unit, shift in (("M", 20), ("K", 10)):
        if size >= 1 << shift and size % (1 << shift) == 0:
            return f"{size >> shift}{unit}"
    return str(size)


def measured(result):
    """Was it, or was it refused?"""
    return "samples" in result


def foot(run):
    """What the figures are."""
    return (f'medians of up to {run["repeats"]} samples of {run["seconds"]:g} s, in turns; '
            f'{run["dpdk"]}')


def by_size(run, heat):
    """The rows of a rate chart: one thread, the largest batch of each size but for the 64."""
    cells = {}
    for cell in run["cells"]:
        if (cell["layout"], cell["heat"], cell["threads"]) != ("copy", heat, 1):
            continue
        if cell["batch"] <= 32 and cell["batch"] >= cells.get(cell["size"], cell)["batch"]:
            cells[cell["size"]] = cell
    return [cells[size] for size in sorted(cells)]


def rate_line(cells, i, x_of, y_of):
    """One way to copy, with its points."""
    out, last = [], None
    for cell in cells:
        result = cell["results"][i]
        if not measured(result):
            last = None
            continue
        x, y = x_of(cell["size"]), y_of(result["gbps"])
        if last:
            out.append(f'<line x1="{last[0]:.1f}" y1="{last[1]:.1f}" x2="{x:.1f}" y2="{y:.1f}" '
                       f'stroke="{COLOURS[i % len(COLOURS)]}" stroke-width="2"/>')
        out.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" '
                   f'fill="{COLOURS[i % len(COLOURS)]}"/>')
        last = x, y
    return out


def rate_chart(run, heat, cells):
    """Rates by size, which grows by powers."""
    names = [result["subject"] for result in cells[0]["results"]]
    rates = [r["gbps"] for c in cells for r in c["results"] if measured(r)]
    top = 1.1 * max(rates or [1])
    low, high = math.log2(cells[0]["size"]), math.log2(cells[-1]["size"])

    def y_of(value):
        return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)

    def x_of(size):
        part = (math.log2(size) - low) / (high - low) if high > low else 0.5
        return LEFT + 30 + part * (WIDTH - LEFT - RIGHT - 60)

    out = frame(f"{RATE} by bytes of a copy, {heat}, one thread", foot(run))
    out += legend(names) + grid(top, y_of)
    for cell in cells:
        out.append(text(x_of(cell["size"]), HEIGHT - BOTTOM + 18, size_name(cell["size"])))
    for i in range(len(names)):
        out += rate_line(cells, i, x_of, y_of)
    return out


def parts_bar(result, x, width, y_of):
    """The calls of one device in one row, on top of each other."""
    out, below = [], 0
    for part, colour in zip(PARTS, COLOURS):
        cycles = result["parts"][part]
        y = y_of(below + cycles)
        out.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
                   f'height="{y_of(below) - y:.1f}" fill="{colour}"/>')
        below += cycles
    out.append(text(x + width / 2, y_of(below) - 4, f"{below:.0f}", 9))
    out.append(text(x + width / 2, HEIGHT - BOTTOM + 28, result["subject"].split(",")[-1][:14], 8))
    return out


def parts_chart(run, cells):
    """Where the cycles of a copy go."""
    devices = [[r for r in cell["results"] if measured(r)] for cell in cells]
    top = 1.1 * max([sum(r["parts"].values()) for row in devices for r in row] or [1])

    def y_of(value):
        return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)

    out = frame("Time stamp cycles a copy, by call; bytes, batch", foot(run))
    out += legend(["rte_dma_copy", "rte_dma_submit", "rte_dma_completed"]) + grid(top, y_of)
    group = (WIDTH - LEFT - RIGHT) / len(cells)
    for c, (cell, row) in enumerate(zip(cells, devices)):
        left, width = LEFT + c * group, group * 0.84 / max(len(row), 1)
        out.append(text(left + group / 2, HEIGHT - BOTTOM + 15,
                        f'{size_name(cell["size"])}, {cell["batch"]}'))
        for i, result in enumerate(row):
            out += parts_bar(result, left + group * 0.08 + i * width, width * 0.9, y_of)
    return out


def write_charts(run, directory):
    """Every chart there are cells for."""
    for heat in ("hot", "cold"):
        cells = by_size(run, heat)
        if cells:
            write_svg(directory, f"bench_dma_{heat}", rate_chart(run, heat, cells))
    cells = [cell for cell in run["cells"] if cell["layout"] == "parts"]
    if cells:
        write_svg(directory, "bench_dma_parts", parts_chart(run, cells))


def rate(gbps):
    """Rates span five decades."""
    return f"{gbps:.{3 if gbps < 1 else 2 if gbps < 10 else 1}f}"


def entry(cell, result, first, repeats):
    """A place in a row: figures, ratio, ns more, and the samples behind the figures if not all."""
    if not measured(result):
        return "FAILED" if "failed" in result else "refused"
    notes = []
    if cell["layout"] == "copy" and not first and "ratio" in result:
        notes.append(f'{result["ratio"]:.2f}x')
        if result["device"] and cell["threads"] == 1:
            notes.append(f'{result["over_ns"]:+.0f} ns')
    if result["tag"] not in ("near", "whole") or result["tags"][result["tag"]] != repeats:
        notes.append(f'{result["tag"]} {result["tags"][result["tag"]]}')
    figures = rate(result["gbps"]) if cell["layout"] == "copy" else " + ".join(
        f'{result["parts"][part]:.0f}' for part in PARTS)
    return figures + (f' ({", ".join(notes)})' if notes else "")


def heat_table(run, layout, heat):
    """All rows of a layout and a heat; only devices have calls to time."""
    cells = [c for c in run["cells"] if (c["layout"], c["heat"]) == (layout, heat)]
    shown = [i for i, r in enumerate(cells[0]["results"]) if layout == "copy" or r["device"]]
    head = ["bytes", "batch", "depth", "threads",
            *[cells[0]["results"][i]["subject"] for i in shown]]
    rows = [[size_name(c["size"]), str(c["batch"]), str(c["depth"]), str(c["threads"]),
             *[entry(c, c["results"][i], i == 0, run["repeats"]) for i in shown]] for c in cells]
    return f"{TITLES[layout, heat]}:\n\n{table(head, rows)}"


def write_tables(run, directory):
    """All tables in one file to include."""
    kinds = dict.fromkeys((cell["layout"], cell["heat"]) for cell in run["cells"])
    parts = [HEAD, "..  Written by app/bench-dma/plot_bench.py.\n"]
    parts += [heat_table(run, layout, heat) for layout, heat in kinds]
    with open(os.path.join(directory, "bench_dma_tables.inc"), "w", encoding="utf-8") as file:
        file.write("\n".join(parts))


def main():
    """Read, draw, write."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        with open(sys.argv[1], encoding="utf-8") as file:
            run = json.load(file)
        write_charts(run, sys.argv[2])
        write_tables(run, sys.argv[2])
    except OSError as error:
        sys.exit(f"plot_bench.py: {error}")
    except (ValueError, KeyError, IndexError) as error:
        sys.exit(f"plot_bench.py: {sys.argv[1]} is not what bench-dma --json writes: {error!r}")


if __name__ == "__main__":
    main()

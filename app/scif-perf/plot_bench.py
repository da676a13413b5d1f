#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
"""Draw what slipway scif-perf --json wrote, and write it as tables for the guide.

usage: plot_bench.py RESULT.json DIRECTORY

Writes bench_scif_rma.svg, which is the chart of the announcement of SCIF with our curves in it, and
bench_scif_trip.svg, as far as there are figures, and bench_scif_tables.inc, in reST.
"""

import json
import math
import os
import sys

# No cache of what is compiled in the source tree.
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../bench-common"))

from chart import (BOTTOM, COLOURS, HEAD, HEIGHT, LEFT, RIGHT, TOP, WIDTH, frame, grid, legend,
                   table, text, write_svg)

RATE = "10^9 bytes a second"
TAGS = ("near", "far", "mixed")

# Read off the published chart: KB and 10^9 bytes a second, an X100 card on PCIe 2.
PUBLISHED = {
    "PCIe, 2013": [(4, 7.0), (250000, 7.0)],
    "SCIF, 2013": [(4, 1.3), (7, 1.7), (9.5, 2.0), (14, 2.5), (22, 3.0), (30, 3.5), (40, 4.0),
                   (54, 4.5), (98, 5.0), (150, 5.3), (230, 5.7), (600, 6.0), (1200, 6.5),
                   (250000, 6.5)],
    "TCP, 2013": [(4, 0.5), (250000, 0.5)],
}
OURS = ("memcpy", "writeto", "vreadfrom", "TCP")


def size_name(size):
    """As people write it."""
    for unit, shift in (("M", 20), ("K", 10)):
        if size >= 1 << shift and size % (1 << shift) == 0:
            return f"{size >> shift}{unit}"
    return str(size)


def tags_of(run):
    """Where the CPUs were, of what there are figures for."""
    return [tag for tag in TAGS if any(tag in cell for cell in run["cells"])] or [TAGS[0]]


def foot(run, tags):
    """What the figures are."""
    return (f'medians of up to {run["repeats"]} samples of {run["seconds"]:g} s, in turns; '
            f'the two CPUs: {" or ".join(tags)}')


def cells_of(run, part, tag):
    """Cells of a part with the figures of a tag; those without any too."""
    return [{**cell, **cell.get(tag, {})} for cell in run["cells"] if cell["part"] == part]


def rma_chart(run, cells, tag):
    """Rates by size, ours beside the published ones."""
    lines = {way: [(c["size"] / 1000, c["gbps"]) for c in cells
                   if c["way"] == way and "gbps" in c] for way in OURS}
    lines = {**{way: points for way, points in lines.items() if points}, **PUBLISHED}
    # Logarithmic: caches make of small copies what the chart's 8 GB/s do not hold.
    low, high = 0, math.log10(250000)
    floor, top = -1, math.log10(max(y for points in lines.values() for _, y in points)) + 0.1

    def y_of(value):
        part = (max(math.log10(value), floor) - floor) / (top - floor)
        return HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)

    def x_of(size):
        part = (math.log10(max(size, 1)) - low) / (high - low)
        return LEFT + 20 + part * (WIDTH - LEFT - RIGHT - 40)

    out = frame(f"RMA: {RATE} by KBytes of a copy; beside the chart of 2013", foot(run, [tag]))
    out += legend(list(lines))
    for value in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200):
        if math.log10(value) <= top:
            out.append(f'<line x1="{LEFT}" y1="{y_of(value):.1f}" x2="{WIDTH - RIGHT}" '
                       f'y2="{y_of(value):.1f}" stroke="#ddd"/>')
            out.append(text(LEFT - 8, y_of(value) + 4, f"{value:g}", 11, "end"))
    for i, (way, points) in enumerate(lines.items()):
        dash = ' stroke-dasharray="5 4"' if way in PUBLISHED else ""
        path = " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in points)
        out.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[i]}" '
                   f'stroke-width="2"{dash}/>')
    out += [text(x_of(10 ** k), HEIGHT - BOTTOM + 18, str(10 ** k)) for k in range(6)]
    return out


def trip_chart(run, tags):
    """Bars: the round trip of 8 bytes, wherever the CPUs were."""
    bars = [{c["way"]: c["ns"] for c in cells_of(run, "trips", tag) if c["size"] == 8 and "ns" in c}
            for tag in tags]
    ways = list(dict.fromkeys(way for bar in bars for way in bar))
    top = 1.15 * max(value for bar in bars for value in bar.values())

    def y_of(value):
        return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)

    out = frame("Nanoseconds of a round trip of 8 bytes", foot(run, tags)) + grid(top, y_of)
    out += legend(tags)
    group = (WIDTH - LEFT - RIGHT) / len(ways)
    width = group * 0.7 / len(tags)
    for i, way in enumerate(ways):
        x = LEFT + (i + 0.15) * group
        for j, bar in enumerate(bars):
            value = bar.get(way, 0)
            out.append(f'<rect x="{x + j * width:.1f}" y="{y_of(value):.1f}" width="{width:.1f}" '
                       f'height="{HEIGHT - BOTTOM - y_of(value):.1f}" fill="{COLOURS[j]}"/>')
            out.append(text(x + (j + 0.5) * width, y_of(value) - 5, f"{value:.0f}"))
        out.append(text(LEFT + (i + 0.5) * group, HEIGHT - BOTTOM + 18, way, 11))
    return out


def write_charts(run, directory):
    """Every chart there are figures for."""
    tags = tags_of(run)
    most = max(tags, key=lambda tag: sum(tag in cell for cell in run["cells"]))
    copies = cells_of(run, "rma", most)
    if copies:
        write_svg(directory, "bench_scif_rma", rma_chart(run, copies, most))
    if any(c["size"] == 8 and "ns" in c for tag in tags for c in cells_of(run, "trips", tag)):
        write_svg(directory, "bench_scif_trip", trip_chart(run, tags))


def figure(cell, key, pattern):
    """What a cell shows."""
    if "failed" in cell:
        return "FAILED"
    return pattern.format(cell[key]) if key in cell else "-"


def size_table(title, cells, key, pattern):
    """A row a size, a column a way."""
    ways = list(dict.fromkeys(c["way"] for c in cells))
    sizes = sorted({c["size"] for c in cells})
    by_place = {(c["way"], c["size"]): c for c in cells}
    rows = [[size_name(size), *[figure(by_place[way, size], key, pattern)
                                if (way, size) in by_place else "-" for way in ways]]
            for size in sizes]
    return f"{title}:\n\n" + table(["bytes", *ways], rows)


def mapped_table(cells):
    """The round trip through mapped memory, and the line's."""
    rows = [[c["way"], figure(c, "ns", "{:.0f}"), figure(c, "raw_ns", "{:.0f}"),
             figure(c, "over_ns", "{:+.0f}"), figure(c, "count", "{}")] for c in cells]
    title = "Round trips of 8 bytes, ns; over: more than the cache line's in the same turn:\n\n"
    return title + table(["way", "round trip", "line around", "over", "samples"], rows)


def connection_table(cells):
    """Connections, one after the other."""
    rows = [[c["way"], figure(c, "per_second", "{:.0f}")] for c in cells]
    return "Connections a second: connect, accept, close:\n\n" + table(["way", "a second"], rows)


def endpoint_line(endpoints):
    """What many at once took."""
    if "failed" in endpoints:
        return f'{endpoints["count"]} connections at once: FAILED\n'
    return (f'{endpoints["count"]} connections at once: connected in '
            f'{endpoints["connect_s"]:.2f} s, a message there and back on each in '
            f'{endpoints["message_s"]:.2f} s, closed in {endpoints["close_s"]:.2f} s.\n')


def tag_tables(run, tag):
    """All tables of the figures with a tag."""
    parts = ["M" + foot(run, [tag])[1:] + ".\n"]
    trips = cells_of(run, "trips", tag)
    if trips:
        parts.append(mapped_table([c for c in trips if c["size"] == 8]))
        parts.append(size_table("Round trips, ns", [c for c in trips if "mapped" not in c["way"]
                                                    and c["way"] != "cache line"],
                                "ns", "{:.0f}"))
    for part, title in (("streams", "Streams of messages"), ("rma", "Copies")):
        cells = cells_of(run, part, tag)
        if cells:
            parts.append(size_table(f"{title}, {RATE}", cells, "gbps", "{:.2f}"))
    if cells_of(run, "connections", tag):
        parts.append(connection_table(cells_of(run, "connections", tag)))
    return parts


def write_tables(run, directory):
    """All tables in one file to include."""
    parts = [HEAD, "..  Written by app/scif-perf/plot_bench.py.\n"]
    for tag in tags_of(run):
        parts += tag_tables(run, tag)
    if "endpoints" in run:
        parts.append(endpoint_line(run["endpoints"]))
    with open(os.path.join(directory, "bench_scif_tables.inc"), "w", encoding="utf-8") as file:
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
        sys.exit(f"plot_bench.py: {sys.argv[1]} is not what slipway scif-perf --json writes: "
                 f"{error!r}")


if __name__ == "__main__":
    main()

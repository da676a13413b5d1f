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


def foot(run):
    """What the figures are."""
    tags = sorted({cell["tag"] for cell in run["cells"] if "tag" in cell})
    return (f'medians of up to {run["repeats"]} samples of {run["seconds"]:g} s, in turns; '
            f'the two CPUs: {", ".join(tags)}')


def cells_of(run, part):
    """Cells of a part, those that failed too."""
    return [cell for cell in run["cells"] if cell["part"] == part]


def rma_chart(run, cells):
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

    out = frame(f"RMA: {RATE} by KBytes of a copy; beside the chart of 2013", foot(run))
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


def trip_chart(run, cells):
    """Bars: the round trip of 8 bytes."""
    cells = [c for c in cells if c["size"] == 8 and "ns" in c]
    top = 1.15 * max(c["ns"] for c in cells)

    def y_of(value):
        return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)

    out = frame("Nanoseconds of a round trip of 8 bytes", foot(run)) + grid(top, y_of)
    group = (WIDTH - LEFT - RIGHT) / len(cells)
    for i, cell in enumerate(cells):
        x = LEFT + (i + 0.2) * group
        out.append(f'<rect x="{x:.1f}" y="{y_of(cell["ns"]):.1f}" width="{group * 0.6:.1f}" '
                   f'height="{HEIGHT - BOTTOM - y_of(cell["ns"]):.1f}" fill="{COLOURS[0]}"/>')
        out.append(text(x + group * 0.3, y_of(cell["ns"]) - 5, f'{cell["ns"]:.0f}'))
        out.append(text(x + group * 0.3, HEIGHT - BOTTOM + 18, cell["way"], 11))
    return out


def write_charts(run, directory):
    """Every chart there are figures for."""
    if cells_of(run, "rma"):
        write_svg(directory, "bench_scif_rma", rma_chart(run, cells_of(run, "rma")))
    if any(c["size"] == 8 and "ns" in c for c in cells_of(run, "trips")):
        write_svg(directory, "bench_scif_trip", trip_chart(run, cells_of(run, "trips")))


def figure(cell, key, pattern):
    """What a cell shows."""
    return "FAILED" if key not in cell else pattern.format(cell[key])


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
             figure(c, "over_ns", "{:+.0f}"), f'{c["tag"]} {c["count"]}' if "tag" in c else "-"]
            for c in cells]
    title = "Round trips of 8 bytes, ns; over: more than the cache line's in the same turn:\n\n"
    return title + table(["way", "round trip", "line around", "over", "samples"], rows)


def connection_table(run):
    """Connections, one after the other and at once."""
    rows = [[c["way"], figure(c, "per_second", "{:.0f}")] for c in cells_of(run, "connections")]
    return "Connections a second: connect, accept, close:\n\n" + table(["way", "a second"], rows)


def endpoint_line(endpoints):
    """What many at once took."""
    if "failed" in endpoints:
        return f'{endpoints["count"]} connections at once: FAILED\n'
    return (f'{endpoints["count"]} connections at once: connected in '
            f'{endpoints["connect_s"]:.2f} s, a message there and back on each in '
            f'{endpoints["message_s"]:.2f} s, closed in {endpoints["close_s"]:.2f} s.\n')


def write_tables(run, directory):
    """All tables in one file to include."""
    parts = [HEAD, "..  Written by app/scif-perf/plot_bench.py.\n",
             "M" + foot(run)[1:] + ".\n"]
    trips = cells_of(run, "trips")
    if trips:
        parts.append(mapped_table([c for c in trips if c["size"] == 8]))
        parts.append(size_table("Round trips, ns", [c for c in trips if "mapped" not in c["way"]
                                                    and c["way"] != "cache line"],
                                "ns", "{:.0f}"))
    for part, title in (("streams", "Streams of messages"), ("rma", "Copies")):
        if cells_of(run, part):
            parts.append(size_table(f"{title}, {RATE}", cells_of(run, part), "gbps", "{:.2f}"))
    if cells_of(run, "connections"):
        parts.append(connection_table(run))
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

#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
"""Draw what bench-event --json wrote as bar charts, and write it as tables for the guide.

usage: plot_bench.py RESULT.json DIRECTORY

Writes bench_*.svg, one a chart for which there are figures, and bench_tables.inc, in reST. One
group of bars a row, one bar a device; thin lines reach from the least to the most sample.
"""

import json
import os
import sys

# No cache of what is compiled in the source tree.
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../bench-common"))

from chart import (BOTTOM, COLOURS, HEAD, HEIGHT, LEFT, RIGHT, STYLE, TOP, WIDTH, frame, grid,
                   legend, line, table, text, write_svg)

RATE = "Million deliveries a second"
NS = "Nanoseconds from enqueue to dequeue, median"


def plain(cell):
    """A cell of the usual burst and flows, without work."""
    return cell["burst"] == 32 and cell["flows"] == 1024 and cell["work"] == 0


def bursts_of(layout):
    """Cells of a layout that differ by burst."""
    return lambda c: (c["layout"] == layout and c["flows"] == 1024 and c["work"] == 0 and
                      c["stages"] in ("a", "oa"))


# File, title, which cells, and what a group of bars is called.
CHARTS = (
    ("bench_cooperative", RATE + ": one thread",
     lambda c: c["layout"] == "cooperative" and plain(c), lambda c: c["stages"]),
    ("bench_pair", RATE + ": one produces, one works",
     lambda c: c["layout"] == "pair" and plain(c), lambda c: c["stages"]),
    ("bench_two_worker", RATE + ": two produce and work",
     lambda c: c["layout"] == "two-worker" and plain(c), lambda c: c["stages"]),
    ("bench_bursts", RATE + " by burst, one produces, one works",
     bursts_of("pair"), lambda c: f'{c["stages"]}, {c["burst"]}'),
    ("bench_flows", RATE + " by flows, atomic, one produces, one works",
     lambda c: (c["layout"], c["stages"], c["burst"], c["work"]) == ("pair", "a", 32, 0),
     lambda c: f'{c["flows"]}'),
    ("bench_latency", NS,
     lambda c: c["layout"].startswith("latency"),
     lambda c: c["stages"] + (", flushed" if c["layout"] == "latency-flushed" else "")),
)

TITLES = {
    "cooperative": "One thread produces, schedules and works; million deliveries a second",
    "pair": "One thread produces, one works; million deliveries a second",
    "two-worker": "Two threads that produce and work; million deliveries a second",
    "latency": "One event in flight; ns from enqueue to dequeue, median / 90th percentile",
    "latency-flushed": "One event in flight, each enqueue followed by a flush",
    "parts": "Time stamp cycles a delivery: enqueue + schedule + dequeue",
}


def value_of(result):
    """What a chart shows of a result: a time, or a rate."""
    return result["p50_ns"] if "p50_ns" in result else result["mps"]


def measured(result):
    """Was it, or was it refused?"""
    return "samples" in result


def bar(result, x, width, colour, y_of):
    """The bar of one device in one cell, or why there is none."""
    centre = x + width / 2
    if not measured(result):
        word = "failed" if "failed" in result else "refused"
        return [f'<text transform="translate({centre + 4:.1f},{y_of(0) - 6:.1f}) rotate(-90)" '
                f'style="{STYLE % 10}">{word}</text>']
    y = y_of(value_of(result))
    return [f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
            f'height="{y_of(0) - y:.1f}" fill="{colour}"/>',
            line(centre, y_of(result["min"]), centre, y_of(result["max"]), "#333"),
            text(centre, y_of(result["max"]) - 4, f'{value_of(result):.0f}', 9)]


def chart(run, title, cells, name_of):
    """The whole picture as a list of SVG elements."""
    devices = [result["device"] for result in cells[0]["results"]]
    top = 1.1 * max([r["max"] for c in cells for r in c["results"] if measured(r)] or [1])

    def y_of(value):
        return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)

    out = frame(title, f'window {run["window"]}; medians of up to {run["repeats"]} samples of '
                f'{run["seconds"]:g} s; {run["dpdk"]}')
    out += legend(devices) + grid(top, y_of)
    group = (WIDTH - LEFT - RIGHT) / len(cells)
    width = group * 0.84 / len(devices)
    for c, cell in enumerate(cells):
        left = LEFT + c * group
        out.append(text(left + group / 2, HEIGHT - BOTTOM + 18, name_of(cell)))
        for i, result in enumerate(cell["results"]):
            out += bar(result, left + group * 0.08 + i * width, width * 0.9, COLOURS[i], y_of)
    return out


def write_charts(run, directory):
    """Every chart there are cells for."""
    for name, title, wanted, name_of in CHARTS:
        cells = [cell for cell in run["cells"] if wanted(cell)]
        if not cells:
            continue
        write_svg(directory, name, chart(run, title, cells, name_of))


def figures(result):
    """The figures of a result, as a table has them."""
    if "p50_ns" in result:
        return f'{result["p50_ns"]:.0f} / {result["p90_ns"]:.0f}'
    if "parts" in result:
        parts = result["parts"]
        return " + ".join(f'{parts[p]:.1f}' for p in ("enqueue", "schedule", "dequeue"))
    return f'{result["mps"]:.{1 if result["mps"] >= 1 else 2}f}'


def entry(result, first, repeats):
    """A device's place in a row: figures, ratio, threads of its service if there was a choice, and
    the samples behind the figures if not all."""
    if not measured(result):
        return "FAILED" if "failed" in result else "refused"
    notes = []
    if not first and "ratio" in result:
        notes.append(f'{result["ratio"]:.2f}x')
    if result.get("service") and "near" in result["tags"]:
        notes.append("s" + "".join(str(n) for n in result["service"]))
    if result["tag"] not in ("near", "whole") or result.get("tags", {}).get(
            result["tag"], repeats) != repeats:
        notes.append(f'{result["tag"]} {result["tags"][result["tag"]]}')
    return figures(result) + (f' ({", ".join(notes)})' if notes else "")


def layout_table(run, layout):
    """All rows of a layout."""
    cells = [cell for cell in run["cells"] if cell["layout"] == layout]
    head = ["stages", "burst", "flows", "work", *[r["device"] for r in cells[0]["results"]]]
    rows = [[c["stages"], str(c["burst"]), str(c["flows"]), str(c["work"]),
             *[entry(r, i == 0, run["repeats"]) for i, r in enumerate(c["results"])]]
            for c in cells]
    return f'{TITLES[layout]}:\n\n{table(head, rows)}'


def perf_queue_table(run):
    """What the stock program measured."""
    cells = run["perf_queue"]
    for cell in cells:
        for result in cell["results"]:
            tags = [s["tag"] for s in result["samples"]]
            result["tags"] = {tag: tags.count(tag) for tag in tags}
    head = ["stages", "burst", *[r["device"] for r in cells[0]["results"]]]
    rows = [[c["stages"], str(c["burst"]),
             *[entry(r, i == 0, len(r["samples"])) for i, r in enumerate(c["results"])]]
            for c in cells]
    return ("``dpdk-test-eventdev``, test ``perf_queue``, on two CPUs; million packets a second:"
            f"\n\n{table(head, rows)}")


def write_tables(run, directory):
    """All tables, layout by layout, in one file to include."""
    layouts = dict.fromkeys(cell["layout"] for cell in run["cells"])
    parts = [HEAD, "..  Written by app/bench-event/plot_bench.py.\n"]
    parts += [layout_table(run, layout) for layout in layouts]
    if "perf_queue" in run:
        parts.append(perf_queue_table(run))
    with open(os.path.join(directory, "bench_tables.inc"), "w", encoding="utf-8") as file:
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
        sys.exit(f"plot_bench.py: {sys.argv[1]} is not what bench-event --json writes: {error!r}")


if __name__ == "__main__":
    main()

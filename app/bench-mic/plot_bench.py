#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
"""Draw what bench-mic --json wrote, and write it as tables for the guide.

usage: plot_bench.py RESULT.json DIRECTORY

Writes bench_mic_trip.svg, bench_mic_to_card.svg and bench_mic_from_card.svg, as far as there are
figures, and bench_mic_tables.inc, in reST.
"""

import json
import math
import os
import statistics
import sys

# No cache of what is compiled in the source tree.
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../bench-common"))

from chart import (BOTTOM, COLOURS, HEAD, HEIGHT, LEFT, RIGHT, TOP, WIDTH, frame, grid, legend,
                   table, text, write_svg)

RATE = "10^9 bytes a second"


def size_name(size):
    """As people write it."""
    for unit, shift in (("M", 20), ("K", 10)):
        if size >= 1 << shift and size % (1 << shift) == 0:
            return f"{size >> shift}{unit}"
    return str(size)


def card_name(label):
    """A card in the bench's own process, or one in another."""
    return "process" if "card=" in label or "vfu:" in label else "in process"


def foot(run):
    """What the figures are."""
    return (f'medians of up to {run["repeats"]} samples of {run["seconds"]:g} s, in turns; '
            f'{run["dpdk"]}')


def cards_with(run, part):
    """Cards for which there are figures."""
    return [card for card in run["cards"] if part in card]


def trip_chart(run, cards):
    """Bars: the round trip of a call beside that of a cache line."""
    top = 1.2 * max(max(c["trips"]["ns"], c["trips"]["raw_ns"]) for c in cards)

    def y_of(value):
        return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)

    out = frame("Nanoseconds of a round trip, both sides polling", foot(run))
    out += legend(["a cache line, there and back", "a call and its answer"]) + grid(top, y_of)
    group = (WIDTH - LEFT - RIGHT) / len(cards)
    for c, card in enumerate(cards):
        trips, left = card["trips"], LEFT + c * group
        for i, value in enumerate((trips["raw_ns"], trips["ns"])):
            x = left + group * (0.2 + 0.3 * i)
            out.append(f'<rect x="{x:.1f}" y="{y_of(value):.1f}" width="{group * 0.27:.1f}" '
                       f'height="{HEIGHT - BOTTOM - y_of(value):.1f}" fill="{COLOURS[i]}"/>')
            out.append(text(x + group * 0.135, y_of(value) - 5, f"{value:.0f}"))
        out.append(text(left + group / 2, HEIGHT - BOTTOM + 18,
                        f'{card["card"]} ({trips["tag"]})'))
    return out


def copy_lines(cells):
    """Name and rates by size: the deepest of each size."""
    lines = {"memcpy, host": [c["memcpy"] for c in cells]}
    for i, card in enumerate(cells[0]["cards"]):
        name = card_name(card["card"])
        lines[f"memcpy, {name}"] = [c["cards"][i]["memcpy"] for c in cells]
        lines[f"DMA, {name}"] = [c["cards"][i]["dma"] for c in cells]
    return lines


def copy_chart(run, to_card):
    """Rates by size, which grows by powers."""
    deepest = {}
    for cell in run["copies"]:
        if cell["to_card"] == to_card and \
                cell["depth"] >= deepest.get(cell["size"], cell)["depth"]:
            deepest[cell["size"]] = cell
    cells = [deepest[size] for size in sorted(deepest)]
    lines = copy_lines(cells)
    top = 1.1 * max([r["gbps"] for rates in lines.values() for r in rates if "gbps" in r] or [1])
    low, high = math.log2(cells[0]["size"]), math.log2(cells[-1]["size"])

    def y_of(value):
        return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)

    def x_of(size):
        part = (math.log2(size) - low) / (high - low) if high > low else 0.5
        return LEFT + 30 + part * (WIDTH - LEFT - RIGHT - 60)

    way = "to the card" if to_card else "from the card"
    out = frame(f"{RATE} by bytes of a copy {way}, {cells[0]['depth']} under way", foot(run))
    out += legend(list(lines)) + grid(top, y_of)
    for i, rates in enumerate(lines.values()):
        points = [(x_of(c["size"]), y_of(r["gbps"])) for c, r in zip(cells, rates) if "gbps" in r]
        for (x1, y1), (x2, y2) in zip(points, points[1:]):
            out.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                       f'stroke="{COLOURS[i]}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{COLOURS[i]}"/>'
                for x, y in points]
    out += [text(x_of(c["size"]), HEIGHT - BOTTOM + 18, size_name(c["size"])) for c in cells]
    return out


def write_charts(run, directory):
    """Every chart there are figures for."""
    cards = cards_with(run, "trips")
    if cards:
        write_svg(directory, "bench_mic_trip", trip_chart(run, cards))
    for to_card, name in ((True, "to_card"), (False, "from_card")):
        if any(cell["to_card"] == to_card for cell in run["copies"]):
            write_svg(directory, f"bench_mic_{name}", copy_chart(run, to_card))


def rate(result, ratio):
    """A rate, and how it compares."""
    if "gbps" not in result:
        return "FAILED"
    return f'{result["gbps"]:.1f}' + (f' ({result["ratio"]:.2f}x)' if ratio else "")


def trip_table(cards):
    """A row a card."""
    rows = [[f'``{c["card"]}``', f'{c["trips"]["raw_ns"]:.0f}', f'{c["trips"]["ns"]:.0f}',
             f'{c["trips"]["over_ns"]:+.0f}', f'{c["trips"]["tag"]} {c["trips"]["count"]}']
            for c in cards]
    return "Round trips, ns:\n\n" + table(
        ["card", "cache line", "call and answer", "more", "samples"], rows)


def copy_table(run):
    """A row a cell."""
    head = ["way", "bytes", "under way", "host memory"]
    for card in run["copies"][0]["cards"]:
        name = card_name(card["card"])
        head += [f"memcpy, {name}", f"DMA, {name}"]
    rows = []
    for cell in run["copies"]:
        row = ["to the card" if cell["to_card"] else "from the card", size_name(cell["size"]),
               str(cell["depth"]), rate(cell["memcpy"], False)]
        for card in cell["cards"]:
            row += [rate(card["memcpy"], True), rate(card["dma"], True)]
        rows.append(row)
    return (f"Copies, {RATE}; of ``memcpy`` in brackets how it compares with host memory, "
            "of DMA how it\ncompares with ``memcpy`` to or from the same card:\n\n" + table(head, rows))


def boot_table(cards):
    """A row a card, medians."""
    fields = ("ready_ms", "load_ms", "online_ms", "answer_ms")
    rows = [[f'``{c["card"]}``', *[f'{statistics.median(b[f] for b in c["boots"]):.1f}'
                                   for f in fields]] for c in cards]
    return "Boots, ms:\n\n" + table(
        ["card", "reset to ready", "image", "start to online", "start to first answer"], rows)


def idle_table(run):
    """A row a process."""
    return "CPU time of processes that have nothing to do, of one core:\n\n" + table(
        ["process", "share"],
        [[i["what"], f'{i["percent"]:.2f} %'] for i in run["idle"]])


def write_tables(run, directory):
    """All tables in one file to include."""
    parts = [HEAD, "..  Written by app/bench-mic/plot_bench.py.\n"]
    if cards_with(run, "trips"):
        parts.append(trip_table(cards_with(run, "trips")))
    if run["copies"]:
        parts.append(copy_table(run))
    if cards_with(run, "boots"):
        parts.append(boot_table(cards_with(run, "boots")))
    if run.get("idle"):
        parts.append(idle_table(run))
    with open(os.path.join(directory, "bench_mic_tables.inc"), "w", encoding="utf-8") as file:
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
        sys.exit(f"plot_bench.py: {sys.argv[1]} is not what bench-mic --json writes: {error!r}")


if __name__ == "__main__":
    main()

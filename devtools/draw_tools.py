#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
"""Draw what tools said: a screen, or a stretch of a trace, as SVG for the guide.

usage: draw_tools.py screen COMMAND TEXT-FILE OUT.svg
       draw_tools.py trace JSON-FILE OUT.svg [SLICES]

A trace is what slipway trace --json wrote: SLICES operations of it, 70 if not said, in a lane for
each port and CQ, below them the depths of the queues.
"""

import json
import sys
from xml.sax.saxutils import escape

WIDTH = 900
LEFT, RIGHT, TOP = 150, 16, 44
LANE, DEPTH = 30, 46
COLOURS = {"post": "#1f5fa8", "QE": "#c9a227", "read": "#6b8f71", "write": "#a86a5f"}
OTHER = "#7d6b9d"
MARK = 5    # pixels of a slice that took no time of its own
CHAR, ROW = 7.3, 17


def text(x, y, words, size=12, anchor="start", colour="#333", family="sans-serif"):
    """One line of text."""
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" xml:space="preserve" '
            f'style="font-family:{family};font-size:{size}px;fill:{colour}">{escape(words)}</text>')


def write(name, width, height, parts):
    """The picture as a file."""
    with open(name, "w", encoding="utf-8") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}"'
                   f' width="{width:.0f}" height="{height:.0f}">\n' + "\n".join(parts) +
                   "\n</svg>\n")


# ---- A screen ----

def screen(command, name, out):
    """A terminal with the last view of a file: what follows the last empty line but those at the
    end."""
    with open(name, encoding="utf-8") as file:
        views = file.read().rstrip("\n").split("\n\n")
    lines = [f"$ {command}", *views[-1].split("\n")]
    width = max(len(line) for line in lines) * CHAR + 24
    height = len(lines) * ROW + 20
    parts = [f'<rect width="{width:.0f}" height="{height:.0f}" rx="6" fill="#1e2430"/>']
    for i, line in enumerate(lines):
        head = i == 0 or line.startswith(("QUEUE", "PORT"))
        parts.append(text(12, 22 + i * ROW, line, 12, colour="#9fc3ee" if head else "#e6e6e6",
                          family="monospace"))
    write(out, width, height, parts)


# ---- A trace ----

def kind_of(name):
    """Which colour an operation has."""
    return name.split(" ")[0]


def lane_of(name):
    """Which lane: the port or CQ it is about, or all others together."""
    return name if kind_of(name) in ("post", "QE") else "registers and others"


def stretch(events, count):
    """So many slices that lie closest together, and where they begin and end. A thread that was off
    its CPU leaves gaps, in which there is nothing to see."""
    slices = sorted((e for e in events if e["ph"] == "X"), key=lambda e: e["ts"])
    lanes = min(3, len({lane_of(e["name"]) for e in slices}))
    best = None
    for first in range(max(1, len(slices) - count)):
        part = slices[first:first + count]
        span = part[-1]["ts"] - part[0]["ts"] if part else 0
        if part and (best is None or span < best[0]) and \
                len({lane_of(e["name"]) for e in part}) >= lanes:
            best = span, part
    if best is None:
        sys.exit("there is nothing in the trace")
    return best[1], best[1][0]["ts"], best[1][-1]["ts"] + best[1][-1]["dur"]


def axis(begin, end, x_of, bottom):
    """Vertical lines with their times, in microseconds from the beginning."""
    span, step = end - begin, 1.0
    while span / step > 8:
        step *= 2.5 if str(step)[0] == "2" else 2
    parts, at = [], 0.0
    while at <= span:
        x = x_of(begin + at)
        parts.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}" stroke="#e4e4e4"/>')
        parts.append(text(x, TOP - 6, f"{at:g} us", 10, "middle"))
        at += step
    return parts


def draw_slices(slices, lanes, x_of):
    """The operations, each in its lane."""
    parts = []
    for i, lane in enumerate(lanes):
        y = TOP + i * LANE
        parts.append(text(LEFT - 8, y + 19, lane, 11, "end"))
        parts.append(f'<line x1="{LEFT}" y1="{y + LANE}" x2="{WIDTH - RIGHT}" y2="{y + LANE}" '
                     'stroke="#e4e4e4"/>')
    for event in slices:
        y = TOP + lanes.index(lane_of(event["name"])) * LANE + 8
        x = x_of(event["ts"])
        width = max(x_of(event["ts"] + event["dur"]) - x, MARK)
        words = ", ".join(f"{key} {value}" for key, value in event["args"].items())
        parts.append(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="14" '
                     f'fill="{COLOURS.get(kind_of(event["name"]), OTHER)}">'
                     f'<title>{escape(event["name"] + ": " + words)}</title></rect>')
    return parts


def draw_flows(events, slices, lanes, x_of):
    """From the post of each event to its delivery, where both are to be seen."""
    where = {(e["ts"], kind_of(e["name"])): lanes.index(lane_of(e["name"])) for e in slices}
    begins = {e["id"]: e["ts"] for e in events if e["ph"] == "s"}
    parts = []
    for event in events:
        if event["ph"] != "f" or (event["ts"], "QE") not in where:
            continue
        begin = (begins.get(event["id"]), "post")
        if begin not in where:
            continue
        x1, y1 = x_of(begin[0]) + MARK / 2, TOP + where[begin] * LANE + 22
        x2, y2 = x_of(event["ts"]) + MARK / 2, TOP + where[event["ts"], "QE"] * LANE + 8
        parts.append(f'<path d="M{x1:.1f},{y1} C{x1:.1f},{(y1 + y2) / 2} {x2:.1f},{(y1 + y2) / 2} '
                     f'{x2:.1f},{y2}" fill="none" stroke="#888" stroke-width="0.8"/>')
    return parts


def draw_depths(events, begin, end, x_of, top):
    """How many events each queue has, as steps."""
    queues = sorted({e["name"] for e in events if e["ph"] == "C"})
    parts = []
    for i, queue in enumerate(queues):
        base = top + (i + 1) * DEPTH - 8
        steps = sorted((e["ts"], e["args"]["depth"]) for e in events
                       if e["ph"] == "C" and e["name"] == queue and e["ts"] <= end)
        before = [depth for ts, depth in steps if ts < begin][-1:] or [0]
        steps = [(begin, before[0])] + [step for step in steps if step[0] >= begin]
        low, high = min(d for _, d in steps), max(d for _, d in steps)
        floor = low if low > 3 * (high - low) else 0
        points, was = [], None
        for ts, depth in steps + [(end, steps[-1][1])]:
            y = base - (depth - floor) / max(high - floor, 1) * (DEPTH - 16)
            if was is not None:
                points.append(f"{x_of(ts):.1f},{was:.1f}")
            points.append(f"{x_of(ts):.1f},{y:.1f}")
            was = y
        parts.append(text(LEFT - 8, base - 14, f"{queue}", 11, "end"))
        parts.append(text(LEFT - 8, base, f"depth {floor} to {high}", 9, "end"))
        parts.append(f'<polygon points="{LEFT},{base} {" ".join(points)} {x_of(end):.1f},{base}" '
                     'fill="#c9d8ea" stroke="#1f5fa8"/>')
    return parts, top + len(queues) * DEPTH


def trace(name, out, count):
    """The stretch, with lanes, flows and depths."""
    with open(name, encoding="utf-8") as file:
        events = json.load(file)["traceEvents"]
    slices, begin, end = stretch(events, count)

    def x_of(time):
        return LEFT + (time - begin) / (end - begin) * (WIDTH - LEFT - RIGHT)

    lanes = sorted({lane_of(e["name"]) for e in slices}, key=lambda lane: (lane[0] != "p", lane))
    depths, bottom = draw_depths(events, begin, end, x_of, TOP + len(lanes) * LANE)
    height = bottom + 8
    label = next(e["args"]["name"] for e in events if e["ph"] == "M")
    label = label.rsplit(" of process", 1)[0]
    parts = [f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
             text(12, 20, f"{label}: {len(slices)} operations of a trace, "
                  f"{end - begin:.1f} us", 14)]
    parts += axis(begin, end, x_of, bottom)
    parts += draw_flows(events, slices, lanes, x_of)
    parts += draw_slices(slices, lanes, x_of) + depths
    write(out, WIDTH, height, parts)


def main():
    """See above."""
    if len(sys.argv) == 5 and sys.argv[1] == "screen":
        screen(*sys.argv[2:5])
    elif len(sys.argv) in (4, 5) and sys.argv[1] == "trace":
        trace(sys.argv[2], sys.argv[3], int(sys.argv[4]) if len(sys.argv) == 5 else 70)
    else:
        sys.exit(__doc__)


main()

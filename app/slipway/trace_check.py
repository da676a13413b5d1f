#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors

"""Is this what a trace viewer takes, and does it show every event's way?

usage: trace_check.py JSON FLOWS: FLOWS is how many events were delivered, or 'any'
"""

import json
import sys

PHASES = {"M", "X", "i", "C", "s", "f"}


def fail(text):
    sys.exit(f"trace_check: {text}")


def check_fields(event):
    if event["ph"] not in PHASES:
        fail(f"unknown phase: {event}")
    needed = {"name", "pid", "ph"} | (set() if event["ph"] == "M" else {"ts"})
    needed |= {"tid"} if event["ph"] in "Xisf" else set()
    needed |= {"dur"} if event["ph"] == "X" else set()
    if not needed <= event.keys():
        fail(f"lacks {needed - event.keys()}: {event}")


def check_slices(events):
    """Slices of a thread nest or follow each other, as viewers need them."""
    threads = {}
    for e in events:
        if e["ph"] == "X":
            threads.setdefault((e["pid"], e["tid"]), []).append(e)
    for slices in threads.values():
        slices.sort(key=lambda e: (e["ts"], -e["dur"]))
        around = []
        for e in slices:
            # A nanosecond, as doubles are no exact decimals.
            while around and around[-1]["ts"] + around[-1]["dur"] <= e["ts"] + 1e-3:
                around.pop()
            if around and e["ts"] + e["dur"] > around[-1]["ts"] + around[-1]["dur"] + 1e-3:
                fail(f"overlap: {around[-1]} and {e}")
            around.append(e)
    return {(key, e["ts"]) for key, slices in threads.items() for e in slices}


def check_flows(events, starts, wanted):
    ends = {}
    for e in events:
        if e["ph"] in "sf":
            if ((e["pid"], e["tid"]), e["ts"]) not in starts:
                fail(f"no slice to hold on to: {e}")
            ends.setdefault(e["id"], {})[e["ph"]] = e
    for flow in ends.values():
        if flow.keys() != {"s", "f"}:
            fail(f"half a flow: {flow}")
        if flow["s"]["ts"] >= flow["f"]["ts"]:
            fail(f"delivered before it was enqueued: {flow}")
    if wanted != "any" and len(ends) != int(wanted):
        fail(f"{len(ends)} flows, not {wanted}")


def check_counters(events, settled):
    depth, seen = {}, {}
    for e in events:
        if e["ph"] == "C":
            key = (e["pid"], e["name"])
            depth[key] = e["args"]["depth"]
            seen[key] = max(seen.get(key, 0), depth[key])
    if any(d < 0 for d in depth.values()):
        fail(f"negative depths: {depth}")
    if settled and any(depth.values()):
        fail(f"counters do not end at 0: {depth}")
    if settled and (len(seen) != 4 or not all(seen.values())):
        fail(f"not two queues of each device: {seen}")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        events = json.load(file)["traceEvents"]
    for event in events:
        check_fields(event)
    starts = check_slices(events)
    check_flows(events, starts, sys.argv[2])
    check_counters(events, sys.argv[2] != "any")
    print(f"{len(events)} events hold")


main()

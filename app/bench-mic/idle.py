#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
"""How much of a core processes take that have nothing to do.

usage: idle.py RESULT.json SECONDS SLIPWAY CARD

Asks the program SLIPWAY for the processes of a card: its own, and its owner's. Adds what they took
to RESULT.json, which bench-mic --json wrote, for plot_bench.py.
"""

import glob
import json
import subprocess
import sys
import time


def cpu_ns(pid):
    """Time on a CPU, of all threads; nothing counts it finer."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path, encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total


def processes_of(slipway, card):
    """Names and process ids."""
    out = subprocess.run([slipway, "card", "status", "--json", card], check=True, text=True,
                         stdout=subprocess.PIPE).stdout
    look = json.loads(out)["cards"][0]
    return [("process of the card, booted", look["process"]["pid"]),
            ("slipway mpssd, which holds it", look["owner"]["pid"])]


def main():
    """Look, wait, look again."""
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    result, seconds = sys.argv[1], float(sys.argv[2])
    try:
        processes = processes_of(*sys.argv[3:])
        with open(result, encoding="utf-8") as file:
            run = json.load(file)
        begin, before = time.monotonic_ns(), [cpu_ns(pid) for _, pid in processes]
        time.sleep(seconds)
        spent = time.monotonic_ns() - begin
        run["idle"] = [
            {"what": name, "percent": 100 * (cpu_ns(pid) - first) / spent, "seconds": seconds}
            for (name, pid), first in zip(processes, before)]
        with open(result, "w", encoding="utf-8") as file:
            json.dump(run, file, indent=1)
    except (OSError, ValueError, KeyError, TypeError, subprocess.SubprocessError) as error:
        sys.exit(f"idle.py: {error!r}")
    for row in run["idle"]:
        print(f'{row["what"]}: {row["percent"]:.2f} % of a core')


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
"""DPDK's own dpdk-test-eventdev, test perf_queue, on two CPUs: devices in turns.

usage: perf_queue.py RESULT.json DRIVER BENCH-EVENT CPU CPU ROUNDS

Adds what was measured to RESULT.json, which bench-event --json wrote. DRIVER is what EAL's option
-d takes; the program BENCH-EVENT tells how far the CPUs are from each other. The producer has one
CPU, the worker the other. The program's main thread, which only prints once a second but polls
meanwhile, shares the producer's CPU at the lowest priority; else it would take half of it. event_sw
needs a third busy thread for its service, so there producer and worker share a CPU.
"""

import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

DEVICES = ("event_dlb", "event_sw", "event_dsw")
STAGES = ("a", "p")
BURST = 32
SECONDS = 4
LOWEST_PRIORITY = 19
# Sample lines, one a second, of which the first sees the program start.
SAMPLE = re.compile(r"([0-9.]+) mpps avg")
PROBE = re.compile(r"^round trip ([0-9.]+) ns: (near|far)$", re.M)


class Machine:
    """Where programs run: two CPUs, and EAL arguments for either program."""

    def __init__(self, driver, prober, cpus):
        self.driver, self.prober, self.cpus = driver, prober, cpus
        self.prefix = f"slipway-perf-{os.getpid()}"

    def eal(self, lcores):
        """EAL arguments with these lcores."""
        return ["--no-pci", "--no-huge", "-m", "1024", "--file-prefix", self.prefix,
                "-d", self.driver, "--lcores", lcores]

    def probe(self):
        """Nanoseconds of a cache line's round trip, and near or far."""
        lcores = f"0@{self.cpus[0]},1@{self.cpus[1]}"
        out = subprocess.run([self.prober, *self.eal(lcores), "--", "--probe"], text=True,
                             stdin=subprocess.DEVNULL, capture_output=True, check=True).stdout
        found = PROBE.search(out)
        if not found:
            raise RuntimeError(f"{self.prober} --probe says: {out}")
        return float(found.group(1)), found.group(2)

    def command(self, device, stages):
        """The stock program on a device."""
        first, second = self.cpus
        lcores = f"0@{first},1@{first},2@{second}"
        service = []
        if device == "event_sw":
            lcores = f"0@{first},1@{first},2@{first},3@{second}"
            service = ["-S", "3"]
        return ["dpdk-test-eventdev", *self.eal(lcores), *service, f"--vdev={device}0", "--",
                "--test=perf_queue", "--plcores=1", "--wlcores=2", f"--stlist={stages}",
                "--nb_pkts=0", f"--worker_deq_depth={BURST}", f"--prod_enq_burst_sz={BURST}"]

    def clean(self):
        """Remove EAL's run-time files."""
        for parent in ("/var/run/dpdk", os.path.join(os.environ.get("XDG_RUNTIME_DIR", "/tmp"),
                                                     "dpdk")):
            shutil.rmtree(os.path.join(parent, self.prefix), ignore_errors=True)


def samples_of(command):
    """Run the stock program for a time: the rate of each whole second."""
    with tempfile.TemporaryFile("w+") as out:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                              stderr=subprocess.STDOUT) as program:
            try:
                time.sleep(1)
                os.setpriority(os.PRIO_PROCESS, program.pid, LOWEST_PRIORITY)
                time.sleep(SECONDS + 0.5)
                program.send_signal(signal.SIGINT)
                program.wait(15)
            finally:
                program.kill()
        out.seek(0)
        text = out.read()
    if "Result: " not in text or "deadlock" in text:
        raise RuntimeError(text[-300:])
    return [float(mpps) for mpps in SAMPLE.findall(text)][1:]


def run(machine, device, stages):
    """One sample of a device, tagged like those of bench-event."""
    before = machine.probe()
    rates = samples_of(machine.command(device, stages))
    after = machine.probe()
    return {"mps": statistics.median(rates), "seconds": rates,
            "rtt_ns": [before[0], after[0]],
            "tag": before[1] if before[1] == after[1] else "mixed"}


def summary(device, samples, first):
    """A device's medians, of near samples if there are any, and its ratio to the first."""
    tags = [s["tag"] for s in samples]
    tag = "near" if "near" in tags else max(tags, key=tags.count)
    pairs = [f["mps"] / s["mps"] for f, s in zip(first, samples) if f["tag"] == s["tag"] == tag
             and tag != "mixed" and s["mps"] > 0]
    result = {"device": device, "tag": tag,
              "mps": statistics.median(s["mps"] for s in samples if s["tag"] == tag),
              "samples": samples}
    if pairs:
        result.update(ratio=statistics.median(pairs), pairs=len(pairs))
    return result


def measure(machine, stages, rounds):
    """All devices in turns."""
    taken = {device: [] for device in DEVICES}
    for turn in range(rounds):
        for device in DEVICES:
            sample = run(machine, device, stages)
            print(f"perf_queue {stages} {turn + 1}/{rounds}  {device:10} "
                  f"{sample['mps']:8.2f} Mpps  {sample['tag']}", flush=True)
            taken[device].append(sample)
    results = [summary(device, taken[device], taken[DEVICES[0]]) for device in DEVICES]
    return {"stages": stages, "burst": BURST, "results": results}


def a_line_a_sample(text):
    """The innermost objects of indented JSON, each on one line."""
    return re.sub(r"\{[^{}]*\}", lambda found: " ".join(found[0].split()), text)


def main():
    """Read, measure, write."""
    if len(sys.argv) != 7 or not sys.argv[6].isdigit() or int(sys.argv[6]) < 1:
        sys.exit(__doc__)
    path, rounds = sys.argv[1], int(sys.argv[6])
    machine = Machine(sys.argv[2], sys.argv[3], sys.argv[4:6])
    try:
        with open(path, encoding="utf-8") as file:
            result = json.load(file)
        result["perf_queue"] = [measure(machine, stages, rounds) for stages in STAGES]
        with open(path, "w", encoding="utf-8") as file:
            file.write(a_line_a_sample(json.dumps(result, indent=1)) + "\n")
    except (OSError, ValueError, RuntimeError, subprocess.SubprocessError) as error:
        sys.exit(f"perf_queue.py: {error}")
    finally:
        machine.clean()


if __name__ == "__main__":
    main()

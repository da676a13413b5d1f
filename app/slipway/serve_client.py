#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
"""A vfio-user client of a few lines, for serve_test.sh: connects to a served DLB, switches it on,
reads a register, and says what it saw; then waits for its standard input to end.

usage: serve_client.py SOCKET
"""

import json
import socket
import struct
import sys

VERSION, REGION_READ, REGION_WRITE = 1, 9, 10
CONFIG, BAR2 = 7, 2
COMMAND, COMMAND_ON = 4, 6
SYS_TOTAL_VAS = 0x10000114      # of DLB 2.5


class Client:
    """A connection, one message at a time."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        self.number = 0

    def take(self, size):
        """Exactly so many bytes."""
        data = b""
        while len(data) < size:
            piece = self.sock.recv(size - len(data))
            if not piece:
                sys.exit("the server has hung up")
            data += piece
        return data

    def ask(self, command, payload):
        """A message and its reply's payload."""
        self.number += 1
        self.sock.sendall(struct.pack("<HHIII", self.number, command, 16 + len(payload), 0, 0)
                          + payload)
        number, _, size, flags, error = struct.unpack("<HHIII", self.take(16))
        reply = self.take(size - 16)
        if number != self.number or flags & 0x20:
            sys.exit(f"command {command} was answered by error {error}")
        return reply

    def read(self, region, offset, count):
        """A register, as a number."""
        reply = self.ask(REGION_READ, struct.pack("<QII", offset, region, count))
        return int.from_bytes(reply[16:], "little")

    def write(self, region, offset, value, count):
        """The same way back."""
        self.ask(REGION_WRITE, struct.pack("<QII", offset, region, count)
                 + value.to_bytes(count, "little"))


def main():
    """See above."""
    client = Client(sys.argv[1])
    hello = json.dumps({"capabilities": {"max_msg_fds": 8}}).encode() + b"\0"
    client.ask(VERSION, struct.pack("<HH", 0, 1) + hello)
    client.write(CONFIG, COMMAND, COMMAND_ON, 2)
    client.write(BAR2, 0xa4000018, 0, 4)    # CM_CFG_PM_PMCSR_DISABLE: it wakes up
    print(f"vendor {client.read(CONFIG, 0, 2):#x} device {client.read(CONFIG, 2, 2):#x} "
          f"domains {client.read(BAR2, SYS_TOTAL_VAS, 4)}", flush=True)
    sys.stdin.read()


main()

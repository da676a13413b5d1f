#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
"""Clients of the work queues of a served DSA, for serve_dsa_test.sh: two that share one, and what
one of them can try against the other. Says "all is well" when nothing came of it.

usage: serve_dsa_client.py SOCKET   (of the device: SOCKET.wq0 is shared)
"""

import json
import mmap
import os
import socket
import struct
import sys
import time

VERSION, DMA_MAP, REGION_READ, REGION_WRITE, RESET = 1, 2, 9, 10, 13
CONFIG, BAR0, BAR2 = 7, 0, 2
EAGAIN = 11
SIZE = 0x10000
RECORD, FROM, TO = 0x0, 0x4000, 0x8000
MOVE = 3
CRAV_RCR = 0x0c


class Client:
    """A connection with memory of its own, at `iova`."""

    def __init__(self, path, iova=0x100000):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        self.number = 0
        self.iova = iova
        hello = json.dumps({"capabilities": {"max_msg_fds": 8}}).encode() + b"\0"
        _, reply = self.ask(VERSION, struct.pack("<HH", 0, 1) + hello)
        self.hello = reply[4:]
        self.fd = os.memfd_create("client")
        os.ftruncate(self.fd, SIZE)
        self.memory = mmap.mmap(self.fd, SIZE)
        self.ask(DMA_MAP, struct.pack("<IIQQQ", 32, 3, 0, iova, SIZE), self.fd)

    def take(self, size):
        """Exactly so many bytes."""
        data = b""
        while len(data) < size:
            piece = self.sock.recv(size - len(data))
            assert piece, "the server has hung up"
            data += piece
        return data

    def ask(self, command, payload, fd=None):
        """A message: the error and payload of its reply."""
        self.number += 1
        head = struct.pack("<HHIII", self.number, command, 16 + len(payload), 0, 0)
        if fd is None:
            self.sock.sendall(head + payload)
        else:
            socket.send_fds(self.sock, [head + payload], [fd])
        number, _, size, flags, error = struct.unpack("<HHIII", self.take(16))
        assert number == self.number
        return (error if flags & 0x20 else 0), self.take(size - 16)

    def read(self, region, offset, count):
        """A register, as a number."""
        _, reply = self.ask(REGION_READ, struct.pack("<QII", offset, region, count))
        return int.from_bytes(reply[16:], "little")

    def write(self, region, offset, data):
        """Bytes to a register or a portal: the error."""
        return self.ask(REGION_WRITE, struct.pack("<QII", offset, region, len(data)) + data)[0]

    def move(self, source=None, pasid=0, portal=0x1000, record=None):
        """A copy of 256 bytes: the error, then the status of its record."""
        self.memory[RECORD:RECORD + 32] = bytes(32)
        desc = struct.pack("<IIQQQIHH24x", pasid, MOVE << 24 | CRAV_RCR,
                           record or self.iova + RECORD, source or self.iova + FROM,
                           self.iova + TO, 256, 0, 0)
        error = self.write(BAR2, portal, desc)
        end = time.monotonic() + (0.1 if error else 5)
        while self.memory[RECORD] == 0 and time.monotonic() < end:
            time.sleep(0.001)
        return error, self.memory[RECORD]


def main():
    """See above."""
    path = sys.argv[1] + ".wq0"
    left, right = Client(path), Client(path)
    # The same addresses, not the same memory.
    left.memory[FROM:FROM + 256] = b"L" * 256
    right.memory[FROM:FROM + 256] = b"R" * 256
    assert left.move() == (0, 1) and right.move() == (0, 1)
    assert left.memory[TO:TO + 256] == b"L" * 256
    assert right.memory[TO:TO + 256] == b"R" * 256
    # Somebody else's PASID, with privilege, is one's own all the same.
    for pasid in range(1, 9):
        assert left.move(pasid=0x80000000 | pasid) == (0, 1)
        assert left.memory[TO:TO + 256] == b"L" * 256
    # Other portals: the unlimited one, another work queue's, nothing at all.
    for portal in (0, 0x2000, 0x5000, 0x1000 * 30):
        assert left.move(portal=portal) == (EAGAIN, 0), hex(portal)
    # Registers of the device's owner, and its configuration space.
    left.write(BAR0, 0xa0, struct.pack("<I", 5 << 20))
    left.write(BAR0, 0x400, struct.pack("<I", 0))
    left.write(CONFIG, 4, struct.pack("<H", 0))
    assert left.read(BAR0, 0x10, 8) != 0
    # Memory that is not there: one's own fault, in one's own record, or in nobody's.
    assert left.move(source=0x40)[1] & 0x3f == 3
    left.move(record=0xdead0000000)
    # A file cut short under the device.
    cut = Client(path)
    os.ftruncate(cut.fd, 0x1000)
    cut.memory = bytearray(SIZE)
    cut.write(BAR2, 0x1000, struct.pack("<IIQQQIHH24x", 0, MOVE << 24 | CRAV_RCR, cut.iova,
                                        cut.iova + FROM, cut.iova + TO, 256, 0, 0))
    cut.ask(RESET, b"")
    # One that goes in the middle of its work, again and again; each of the others goes on.
    for _ in range(20):
        gone = Client(path)
        for _ in range(8):
            gone.write(BAR2, 0x1000, struct.pack("<IIQQQIHH24x", 0, MOVE << 24 | CRAV_RCR,
                                                 gone.iova, gone.iova + FROM, gone.iova + TO,
                                                 4096, 0, 0))
        gone.sock.close()
        assert right.move() == (0, 1)
    left.ask(RESET, b"")
    assert left.move() == (0, 1) and right.move() == (0, 1)
    assert right.memory[TO:TO + 256] == b"R" * 256
    print("all is well")


main()

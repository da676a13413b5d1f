#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
"""Two connected endpoints and a listener, for tests of slipway scif.

usage: scif_client.py LIBSCIF

Listens at port 3000, connects to itself, registers a window of two pages that can only be read,
leaves five bytes unread, says so, and waits for the end of its input.
"""

import ctypes
import mmap
import sys
import threading

PORT, PAGES = 3000, 2
SYNC = BLOCK = READ = 1


class PortID(ctypes.Structure):
    """struct scif_portID."""

    _fields_ = [("node", ctypes.c_uint16), ("port", ctypes.c_uint16)]


def main():
    """Open everything, then wait."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    scif = ctypes.CDLL(sys.argv[1], use_errno=True)
    scif.scif_register.restype = ctypes.c_long
    scif.scif_register.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_long,
                                   ctypes.c_int, ctypes.c_int]

    def call(name, *arguments):
        result = getattr(scif, name)(*arguments)
        if result < 0:
            sys.exit(f"{name}: errno {ctypes.get_errno()}")
        return result

    listener, client = call("scif_open"), call("scif_open")
    call("scif_bind", listener, PORT)
    call("scif_listen", listener, 4)
    thread = threading.Thread(
        target=lambda: call("scif_connect", client, ctypes.byref(PortID(0, PORT))))
    thread.start()
    peer, server = PortID(), ctypes.c_int()
    call("scif_accept", listener, ctypes.byref(peer), ctypes.byref(server), SYNC)
    thread.join()
    memory = mmap.mmap(-1, PAGES * mmap.PAGESIZE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    call("scif_register", client, address, PAGES * mmap.PAGESIZE, 0, READ, 0)
    call("scif_send", client, b"hello", 5, BLOCK)
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()

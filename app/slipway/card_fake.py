#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors

"""Stands in for a card's process and its owner at their control sockets.

usage: card_fake.py DIRECTORY ANSWER [OWNER-ANSWER]

Answers every request at DIRECTORY/card.ctl by ANSWER, and at DIRECTORY/owner.ctl by OWNER-ANSWER,
which may be any bytes; "@silent" is none at all and "@close" the end of the connection.
"""

import os
import socket
import sys
import threading


def serve(path, answer):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    if os.path.exists(path):
        os.unlink(path)
    listener.bind(path)
    listener.listen(16)
    kept = []
    while True:
        client, _ = listener.accept()
        if answer == "@silent":
            kept.append(client)
        elif answer == "@close":
            client.close()
        else:
            threading.Thread(target=talk, args=(client, answer), daemon=True).start()


def talk(client, answer):
    with client:
        while client.recv(4096):
            client.sendall(answer.encode("latin-1") + b"\n")


def main():
    directory = sys.argv[1]
    os.makedirs(directory, exist_ok=True)
    for name, answer in zip(("card.ctl", "owner.ctl"), sys.argv[2:]):
        threading.Thread(
            target=serve, args=(os.path.join(directory, name), answer), daemon=True
        ).start()
    print("ready", flush=True)
    sys.stdin.read()


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors

"""Makes right and wrong router outputs for packet_trace_test.sh.

odd FILE                     a trace of packets that are hard to route
route ROUTES IN OUT0 OUT1    what a router should make of IN; port 0 is the default
drop|twice|alter|ttl|sum|source|longer FILE N      damage packet N, counted from 1
swap FILE N                  packet N changes places with the next of its flow
move FROM N TO               packet N goes to the end of another file
cut FILE BYTES               keep so many bytes
flip FILE SEED COUNT         invert random bits
"""

import ipaddress
import random
import struct
import sys

FILE_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)


def load(name):
    """The packets of a little-endian pcap file."""
    with open(name, "rb") as file:
        data = file.read()
    packets, at = [], len(FILE_HEADER)
    while at < len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        packets.append(bytearray(data[at + 16 : at + 16 + length]))
        at += 16 + length
    return packets


def save(name, packets):
    with open(name, "wb") as file:
        file.write(FILE_HEADER)
        for packet in packets:
            file.write(struct.pack("<IIII", 0, 0, len(packet), len(packet)))
            file.write(packet)


def ones_sum(data):
    total = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def set_sum(packet):
    """Computes the IPv4 header checksum from nothing."""
    header = (packet[14] & 15) * 4
    packet[24:26] = b"\0\0"
    packet[24:26] = struct.pack(">H", ~ones_sum(packet[14 : 14 + header]) & 0xFFFF)


def family(packet):
    """4, 6, or None without an IP header."""
    kind = packet[12:14]
    if kind == b"\x08\0" and len(packet) >= 34 and packet[14] >> 4 == 4:
        return 4
    if kind == b"\x86\xdd" and len(packet) >= 54 and packet[14] >> 4 == 6:
        return 6
    return None


def addresses(packet):
    return {4: packet[26:34], 6: packet[22:54], None: b""}[family(packet)]


def is_sound(packet):
    if family(packet) == 4:
        header, total = (packet[14] & 15) * 4, struct.unpack_from(">H", packet, 16)[0]
        if not 20 <= header <= total <= len(packet) - 14:
            return False
        return ones_sum(packet[14 : 14 + header]) == 0xFFFF
    return struct.unpack_from(">H", packet, 18)[0] <= len(packet) - 54


def read_routes(name):
    with open(name, encoding="ascii") as file:
        lines = [line.split("#")[0].split() for line in file]
    return [(ipaddress.ip_network(line[0]), int(line[1])) for line in lines if line]


def lookup(routes, packet):
    version = family(packet)
    if version is None or not is_sound(packet) or packet[22 if version == 4 else 21] < 2:
        return None
    target = ipaddress.ip_address(bytes(packet[30:34] if version == 4 else packet[38:54]))
    best = max((r for r in routes if target in r[0]), key=lambda r: r[0].prefixlen, default=None)
    return best and best[1]


def routed(packet, port):
    packet = bytearray(packet)
    packet[0:6] = bytes([2, 0, 0, 0, 0, port])
    packet[6:12] = bytes([2, 0xAA, 0, 0, 0, port])
    if family(packet) == 4:
        packet[22] -= 1
        set_sum(packet)
    else:
        packet[21] -= 1
    return packet


def route(routes_name, source, *targets):
    routes, outputs = read_routes(routes_name), [[] for _ in targets]
    for packet in load(source):
        port = lookup(routes, packet)
        outputs[port or 0].append(packet if port is None else routed(packet, port))
    for name, packets in zip(targets, outputs):
        save(name, packets)


def ipv4(target, ttl=64, options=b"", payload=b"x" * 30, source="192.0.2.1"):
    header = bytearray([0x45 + len(options) // 4, 0]) + struct.pack(
        ">HHHBBH", 20 + len(options) + len(payload), 1, 0, ttl, 99, 0
    )
    header += ipaddress.ip_address(source).packed + ipaddress.ip_address(target).packed + options
    packet = bytearray(b"\2\0\0\0\0\x63\2\0\0\0\0\x64\x08\0") + header + payload
    set_sum(packet)
    return packet


def ipv6(target, hops=64, payload=b"y" * 30):
    header = struct.pack(">IHBB", 6 << 28, len(payload), 59, hops)
    header += ipaddress.ip_address("2001:db8::1").packed + ipaddress.ip_address(target).packed
    return bytearray(b"\2\0\0\0\0\x63\2\0\0\0\0\x64\x86\xdd" + header + payload)


def with_byte(packet, at, value):
    packet[at] = value
    return packet


def odd(name):
    arp = bytearray(b"\xff" * 6 + b"\2\0\0\0\0\1\x08\x06" + b"a" * 28)
    same = ipv4("10.1.1.1")
    save(name, [
        arp, bytearray(b"z"), bytearray(b"short frame!!"), arp,
        ipv4("10.1.1.1", ttl=1), ipv4("10.1.1.1", ttl=0), ipv4("10.1.1.1", ttl=2),
        ipv4("10.200.1.1", ttl=255, options=b"\1\1\1\0"), ipv4("10.200.1.1", options=b"\1" * 40),
        ipv4("8.8.8.8"), same, same, same,
        with_byte(ipv4("10.1.1.1"), 24, 0x12),   # a wrong sum
        with_byte(ipv4("10.1.1.1"), 14, 0x44),   # a header too short
        with_byte(ipv4("10.1.1.1"), 14, 0x65),   # another version
        with_byte(ipv4("10.1.1.1"), 16, 0x7F),   # longer than the frame
        ipv4("10.1.1.1")[:33], ipv4("10.200.1.1") + b"pad",
        bytearray(b"\2" * 12 + b"\x81\0\0\5") + ipv4("10.1.1.1")[12:],
        ipv6("2001:db8:9000::1"), ipv6("2001:db8::9", hops=1), ipv6("2001:db8::9", hops=2),
        ipv6("3fff::1"), ipv6("4000::1"), with_byte(ipv6("2001:db8::9"), 18, 1),
        ipv6("2001:db8::9")[:53], ipv6("ff02::1"), ipv6("ff02::2"),
        ipv4("10.1.1.1", payload=b"L" * (65535 - 34)), ipv4("10.255.0.1", source="10.0.0.0"),
    ])


def damage_one(how, packets, index):
    packet = packets[index]
    if how == "drop":
        del packets[index]
    elif how == "twice":
        packets.insert(index + 1, bytearray(packet))
    elif how == "alter":
        packet[-1] ^= 0x10
    elif how == "ttl":
        packet[22 if family(packet) == 4 else 21] += 1
        if family(packet) == 4:
            set_sum(packet)
    elif how == "sum":
        packet[25] ^= 1
    elif how == "source":
        packet[11] ^= 1
    elif how == "longer":
        packet += b"\0"
    elif how == "swap":
        other = next(i for i in range(index + 1, len(packets))
                     if addresses(packets[i]) == addresses(packet) and packets[i] != packet)
        packets[index], packets[other] = packets[other], packet
    else:
        sys.exit(__doc__)


def move(source, number, target):
    packets, others = load(source), load(target)
    others.append(packets.pop(int(number) - 1))
    save(source, packets)
    save(target, others)


def cut(name, size):
    with open(name, "r+b") as file:
        file.truncate(int(size))


def flip(name, seed, count):
    chance = random.Random(int(seed))
    with open(name, "r+b") as file:
        data = bytearray(file.read())
        for _ in range(int(count)):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        file.seek(0)
        file.write(data)


def main(args):
    whole = {"odd": odd, "route": route, "move": move, "cut": cut, "flip": flip}
    if args and args[0] in whole:
        whole[args[0]](*args[1:])
    elif len(args) == 3:
        packets = load(args[1])
        damage_one(args[0], packets, int(args[2]) - 1)
        save(args[1], packets)
    else:
        sys.exit(__doc__)


main(sys.argv[1:])

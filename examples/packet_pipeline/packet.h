/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* What the pipeline does to one packet. All headers lie in the first segment: the receive buffers
 * are far larger than the headers, and a driver fills one before it chains the next.
 */

#ifndef PACKET_H
#define PACKET_H

#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_hash_crc.h>
#include <rte_ip.h>

#include "pipeline.h"

enum {
	PACKET_L3_OFFSET = sizeof(struct rte_ether_hdr),
	PACKET_IPV6_ADDRESS = 16,
};

static inline struct rte_ipv4_hdr *
packet_ipv4(const struct rte_mbuf *packet)
{
	return rte_pktmbuf_mtod_offset(packet, struct rte_ipv4_hdr *, PACKET_L3_OFFSET);
}

static inline struct rte_ipv6_hdr *
packet_ipv6(const struct rte_mbuf *packet)
{
	return rte_pktmbuf_mtod_offset(packet, struct rte_ipv6_hdr *, PACKET_L3_OFFSET);
}

/* The checks of RFC 1812, section 5.2.2. room: bytes after the Ethernet header. */
static inline bool
packet_ipv4_sound(const struct rte_ipv4_hdr *ip, uint32_t room)
{
	uint32_t header = (ip->version_ihl & RTE_IPV4_HDR_IHL_MASK) * RTE_IPV4_IHL_MULTIPLIER;
	uint32_t total = rte_be_to_cpu_16(ip->total_length);

	if (header < sizeof(*ip) || header > total || total > room)
		return false;
	return rte_raw_cksum(ip, header) == UINT16_MAX;
}

static inline bool
packet_ipv6_sound(const struct rte_ipv6_hdr *ip, uint32_t room)
{
	return rte_be_to_cpu_16(ip->payload_len) <= room - sizeof(*ip);
}

/* Notes whether there is an IP header, and so addresses, and whether a router may trust it. */
static inline void
packet_classify(const struct rte_mbuf *packet, struct packet_note *note)
{
	uint32_t room = packet->pkt_len - PACKET_L3_OFFSET;
	const struct rte_ether_hdr *ether;
	uint8_t version;

	note->kind = PACKET_OTHER;
	note->sound = false;
	if (packet->pkt_len < PACKET_L3_OFFSET + sizeof(struct rte_ipv4_hdr))
		return;
	ether = rte_pktmbuf_mtod(packet, const struct rte_ether_hdr *);
	version = packet_ipv4(packet)->version_ihl >> 4;
	if (ether->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4) && version == 4) {
		note->kind = PACKET_IPV4;
		note->sound = packet_ipv4_sound(packet_ipv4(packet), room);
	} else if (ether->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6) && version == 6 &&
		   room >= sizeof(struct rte_ipv6_hdr)) {
		note->kind = PACKET_IPV6;
		note->sound = packet_ipv6_sound(packet_ipv6(packet), room);
	}
}

/* Which flow a packet belongs to: its address pair, or its input port where it has none. */
static inline void
packet_key(const struct rte_mbuf *packet, uint8_t kind, struct flow_key *key)
{
	memset(key, 0, sizeof(*key));
	key->kind = kind;
	if (kind == PACKET_IPV4) {
		memcpy(key->source, &packet_ipv4(packet)->src_addr, sizeof(rte_be32_t));
		memcpy(key->destination, &packet_ipv4(packet)->dst_addr, sizeof(rte_be32_t));
	} else if (kind == PACKET_IPV6) {
		memcpy(key->source, packet_ipv6(packet)->src_addr, PACKET_IPV6_ADDRESS);
		memcpy(key->destination, packet_ipv6(packet)->dst_addr, PACKET_IPV6_ADDRESS);
	} else {
		key->port = packet->port;
	}
}

static inline uint32_t
packet_hash(const struct rte_mbuf *packet, uint8_t kind)
{
	/* In a packet the addresses are not aligned as words must be. */
	uint64_t words[2 * PACKET_IPV6_ADDRESS / sizeof(uint64_t)];
	uint32_t hash;

	/* Source and destination lie side by side in both headers. */
	if (kind == PACKET_IPV4) {
		memcpy(words, &packet_ipv4(packet)->src_addr, sizeof(words[0]));
		hash = rte_hash_crc_8byte(words[0], kind);
	} else if (kind == PACKET_IPV6) {
		memcpy(words, packet_ipv6(packet)->src_addr, sizeof(words));
		hash = rte_hash_crc(words, sizeof(words), kind);
	} else {
		hash = rte_hash_crc_4byte(packet->port, kind);
	}
	return hash ^ hash >> 16;
}

/* What is to be known of a packet before it enters the first stage. */
static inline void
packet_note_fill(struct rte_mbuf *packet, uint64_t sequence, uint32_t flow_mask,
		 uint16_t default_port)
{
	struct packet_note *note = packet_note(packet);

	packet_classify(packet, note);
	note->flow_id = packet_hash(packet, note->kind) & flow_mask;
	note->sequence = sequence;
	note->flow = NULL;
	note->out_port = default_port;
	note->routed = false;
}

/* Finds the output port. What cannot be routed keeps the default port and stays as it is. */
static inline void
packet_lookup(const struct routes *routes, struct rte_mbuf *packet)
{
	struct packet_note *note = packet_note(packet);
	const struct rte_ipv4_hdr *ipv4 = packet_ipv4(packet);
	const struct rte_ipv6_hdr *ipv6 = packet_ipv6(packet);
	uint32_t port;

	if (!note->sound)
		return;
	if (note->kind == PACKET_IPV4)
		note->routed = ipv4->time_to_live > 1 &&
			       rte_lpm_lookup(routes->ipv4, rte_be_to_cpu_32(ipv4->dst_addr),
					      &port) == 0;
	else
		note->routed = ipv6->hop_limits > 1 &&
			       rte_lpm6_lookup(routes->ipv6, ipv6->dst_addr, &port) == 0;
	if (note->routed)
		note->out_port = port;
}

/* Takes one from the time to live, and follows in the checksum as RFC 1624, equation 3 says:
 * the new sum is the complement of (~old sum + ~old word + new word).
 */
static inline void
packet_ipv4_age(struct rte_ipv4_hdr *ip)
{
	uint16_t before, after;
	uint32_t sum;

	memcpy(&before, &ip->time_to_live, sizeof(before));
	ip->time_to_live--;
	memcpy(&after, &ip->time_to_live, sizeof(after));
	sum = (uint16_t)~ip->hdr_checksum + (uint16_t)~before + after;
	sum = (sum & UINT16_MAX) + (sum >> 16);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	ip->hdr_checksum = (uint16_t)~sum;
}

/* Makes a routed packet the next hop's: addresses of the Ethernet header, time to live. */
static inline void
packet_rewrite(const struct port ports[], struct rte_mbuf *packet)
{
	const struct packet_note *note = packet_note(packet);
	struct rte_ether_hdr *ether;

	if (!note->routed)
		return;
	ether = rte_pktmbuf_mtod(packet, struct rte_ether_hdr *);
	ether->dst_addr = ports[note->out_port].next_hop;
	ether->src_addr = ports[note->out_port].mac;
	if (note->kind == PACKET_IPV4)
		packet_ipv4_age(packet_ipv4(packet));
	else
		packet_ipv6(packet)->hop_limits--;
}

#endif

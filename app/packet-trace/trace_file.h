/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Packet files through libpcap. Every failure is told once, with the file's name, by whoever calls
 * trace_*_error.
 */

#ifndef TRACE_FILE_H
#define TRACE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include <pcap/pcap.h>

struct trace_reader {
	pcap_t *pcap;
	const char *name;
	uint64_t count; /* packets read so far */
	const char *error;
	char text[PCAP_ERRBUF_SIZE];
};

struct trace_packet {
	const uint8_t *bytes; /* until the next is read */
	uint32_t length;      /* as captured */
};

struct trace_writer {
	pcap_t *pcap;
	pcap_dumper_t *dumper;
	const char *name;
	uint64_t count;
};

/* 0, or -EIO with the reason in reader->error. */
int trace_open(struct trace_reader *reader, const char *name);
bool trace_is_ethernet(const struct trace_reader *reader);
/* 1 with a packet, 0 at the end, or -EIO with the reason in reader->error. */
int trace_next(struct trace_reader *reader, struct trace_packet *packet);
void trace_close(struct trace_reader *reader);

/* These complain themselves. Packets are one microsecond apart, for nobody asks for the time. */
int trace_create(struct trace_writer *writer, const char *name);
void trace_put(struct trace_writer *writer, const uint8_t *bytes, uint32_t length);
int trace_finish(struct trace_writer *writer);

#endif

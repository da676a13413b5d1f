/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "packet_trace.h"
#include "trace_file.h"

/* libpcap would read a directory or a terminal too, and say something less clear. */
static const char *
file_refusal(const char *name)
{
	struct stat status;

	if (stat(name, &status) < 0)
		return strerror(errno);
	return S_ISREG(status.st_mode) ? NULL : "not a regular file";
}

int
trace_open(struct trace_reader *reader, const char *name)
{
	*reader = (struct trace_reader){.name = name};
	reader->error = file_refusal(name);
	if (reader->error != NULL)
		return -EIO;
	reader->pcap = pcap_open_offline(name, reader->text);
	if (reader->pcap != NULL)
		return 0;
	reader->error = reader->text;
	return -EIO;
}

bool
trace_is_ethernet(const struct trace_reader *reader)
{
	return pcap_datalink(reader->pcap) == DLT_EN10MB;
}

int
trace_next(struct trace_reader *reader, struct trace_packet *packet)
{
	struct pcap_pkthdr *header;
	const u_char *bytes;
	int ret;

	ret = pcap_next_ex(reader->pcap, &header, &bytes);
	if (ret == PCAP_ERROR_BREAK)
		return 0;
	if (ret != 1) {
		reader->error = pcap_geterr(reader->pcap);
		return -EIO;
	}
	packet->bytes = bytes;
	packet->length = header->caplen;
	reader->count++;
	return 1;
}

void
trace_close(struct trace_reader *reader)
{
	if (reader->pcap != NULL)
		pcap_close(reader->pcap);
	reader->pcap = NULL;
}

int
trace_create(struct trace_writer *writer, const char *name)
{
	*writer = (struct trace_writer){.name = name};
	writer->pcap = pcap_open_dead(DLT_EN10MB, PACKET_BYTES_MAX);
	if (writer->pcap == NULL) {
		complain("%s: no memory to write it", name);
		return -ENOMEM;
	}
	writer->dumper = pcap_dump_open(writer->pcap, name);
	if (writer->dumper != NULL)
		return 0;
	complain("cannot write: %s", pcap_geterr(writer->pcap));
	pcap_close(writer->pcap);
	return -EIO;
}

void
trace_put(struct trace_writer *writer, const uint8_t *bytes, uint32_t length)
{
	const struct pcap_pkthdr header = {
		.ts =
			{
				.tv_sec = 1 + writer->count / 1000000,
				.tv_usec = writer->count % 1000000,
			},
		.caplen = length,
		.len = length,
	};

	pcap_dump((u_char *)writer->dumper, &header, bytes);
	writer->count++;
}

int
trace_finish(struct trace_writer *writer)
{
	int ret = pcap_dump_flush(writer->dumper);

	if (ret == 0 && ferror(pcap_dump_file(writer->dumper)))
		ret = -1;
	if (ret != 0)
		complain("%s: cannot write: %s", writer->name, strerror(errno));
	pcap_dump_close(writer->dumper);
	pcap_close(writer->pcap);
	return ret != 0 ? -EIO : 0;
}

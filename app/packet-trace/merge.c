/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* packet-trace merge: the Ethernet packets of many captures in one file. */

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "packet_trace.h"
#include "trace_file.h"

struct tally {
	uint64_t files_read;
	uint64_t files_unreadable;
	uint64_t files_not_ethernet;
	uint64_t files_damaged; /* read up to the damage */
	uint64_t packets_empty;
	uint64_t packets_long;
};

struct merge {
	struct trace_writer writer;
	struct tally tally;
	bool verbose;
};

static void
left_out(const struct merge *merge, const char *name, const char *reason)
{
	if (merge->verbose)
		printf("left out: %s: %s\n", name, reason);
}

static void
packet_merge(struct merge *merge, const struct trace_packet *packet)
{
	if (packet->length == 0)
		merge->tally.packets_empty++;
	else if (packet->length > PACKET_BYTES_MAX)
		merge->tally.packets_long++;
	else
		trace_put(&merge->writer, packet->bytes, packet->length);
}

static void
packets_merge(struct merge *merge, struct trace_reader *reader)
{
	struct trace_packet packet;
	int ret;

	merge->tally.files_read++;
	while ((ret = trace_next(reader, &packet)) > 0)
		packet_merge(merge, &packet);
	if (ret == 0)
		return;
	merge->tally.files_damaged++;
	if (merge->verbose)
		printf("damaged: %s: after packet %" PRIu64 ": %s\n", reader->name, reader->count,
		       reader->error);
}

static void
file_merge(struct merge *merge, const char *name)
{
	struct trace_reader reader;

	if (trace_open(&reader, name) < 0) {
		merge->tally.files_unreadable++;
		left_out(merge, name, reader.error);
	} else if (!trace_is_ethernet(&reader)) {
		merge->tally.files_not_ethernet++;
		left_out(merge, name, "not Ethernet");
	} else {
		packets_merge(merge, &reader);
	}
	trace_close(&reader);
}

static int
is_capture(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot != NULL && (strcmp(dot, ".pcap") == 0 || strcmp(dot, ".pcapng") == 0);
}

/* By the bytes of the names, whatever the locale, so that everyone gets the same file. */
static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
entry_merge(struct merge *merge, const char *directory, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", directory, name) < 0) {
		complain("no memory for a file name");
		return -ENOMEM;
	}
	file_merge(merge, path);
	free(path);
	return 0;
}

static int
directory_merge(struct merge *merge, const char *directory)
{
	struct dirent **entries;
	int count, i, ret = 0;

	count = scandir(directory, &entries, is_capture, by_name);
	if (count < 0) {
		complain("%s: %s", directory, strerror(errno));
		return -EIO;
	}
	for (i = 0; i < count; i++) {
		if (ret == 0)
			ret = entry_merge(merge, directory, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return ret;
}

static int
argument_merge(struct merge *merge, const char *name)
{
	struct stat status;

	if (stat(name, &status) < 0) {
		complain("%s: %s", name, strerror(errno));
		return -EIO;
	}
	if (S_ISDIR(status.st_mode))
		return directory_merge(merge, name);
	file_merge(merge, name);
	return 0;
}

static void
tally_print(const struct merge *merge)
{
	const struct tally *tally = &merge->tally;
	uint64_t files = tally->files_read + tally->files_unreadable + tally->files_not_ethernet;

	printf("files    %" PRIu64 ": %" PRIu64 " read, %" PRIu64 " not readable, %" PRIu64
	       " not Ethernet\n",
	       files, tally->files_read, tally->files_unreadable, tally->files_not_ethernet);
	if (tally->files_damaged > 0)
		printf("damaged  %" PRIu64 " of those read, taken up to the damage\n",
		       tally->files_damaged);
	if (tally->packets_empty + tally->packets_long > 0)
		printf("skipped  %" PRIu64 " packets of no captured byte, %" PRIu64
		       " of more than %u\n",
		       tally->packets_empty, tally->packets_long, PACKET_BYTES_MAX);
	printf("kept     %" PRIu64 " packets, in %s\n", merge->writer.count, merge->writer.name);
}

static int
merge_all(struct merge *merge, char **names, int count)
{
	int i, ret = 0, finished;

	for (i = 0; i < count && ret == 0; i++)
		ret = argument_merge(merge, names[i]);
	finished = trace_finish(&merge->writer);
	if (ret < 0 || finished < 0)
		return -EIO;
	tally_print(merge);
	if (merge->writer.count > 0)
		return 0;
	complain("no Ethernet packet in what was given; --verbose names each file and why");
	return -ENODATA;
}

int
merge_command(int argc, char **argv)
{
	static const struct option options[] = {
		{"output", required_argument, NULL, 'o'},
		{"verbose", no_argument, NULL, 'v'},
		{NULL, 0, NULL, 0},
	};
	struct merge merge = {.verbose = false};
	const char *file = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "o:v", options, NULL)) != -1) {
		if (option == 'o')
			file = optarg;
		else if (option == 'v')
			merge.verbose = true;
		else
			return EXIT_USAGE;
	}
	if (file == NULL || optind == argc) {
		complain("merge: give an output file with -o FILE, and captures or directories");
		return EXIT_USAGE;
	}
	if (trace_create(&merge.writer, file) < 0)
		return EXIT_FAILS;
	return merge_all(&merge, &argv[optind], argc - optind) < 0 ? EXIT_FAILS : EXIT_HOLDS;
}

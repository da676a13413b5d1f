/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* What the files of this program share. The life of a block, and the file that tells it:
 *
 *   IN --file.c--> source --copy.c, the device--> target --file.c--> OUT
 *                             '--> CRC, the seed of the next block
 *
 * Blocks lie in a ring of buffers: while the device has one, others are read and written.
 */

#ifndef PIPELINE_H
#define PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_dev.h>
#include <rte_dmadev.h>

#include "rte_pmd_dsa.h"

/* Exit codes, as --help tells them. */
enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_DEVICE = 3, /* the device cannot do what was asked */
};

struct options {
	const char *in, *out;
	const char *dma_dev;
	uint64_t block; /* bytes */
	uint64_t depth; /* blocks under way */
};

/* The file that is copied, and the one that it becomes. */
struct files {
	int in, out;
	uint64_t size;
	bool created; /* OUT was not there before */
};

/* The DMA device. Its own calls are those of the driver that EAL has loaded, if it has. */
struct device {
	int16_t id;
	char name[RTE_DEV_NAME_MAX_LEN];
	bool has_crc;
	__typeof__(rte_pmd_dsa_copy_crc) *copy_crc;
	__typeof__(rte_pmd_dsa_result) *result;
};

/* A block on its way. */
struct block {
	uint8_t *source, *target;
	rte_iova_t source_iova, target_iova;
	uint32_t bytes;
	uint16_t job; /* the device's number of it */
};

struct pipeline {
	struct options options;
	struct files files;
	struct device device;
	const void *memory;
	struct block *blocks; /* a ring; blocks are counted from the beginning of the file */
	uint64_t nb_blocks;   /* of the file */
	uint64_t read, given, copied, written; /* blocks that got so far */
	uint32_t crc;
	double seconds;
};

/* main.c */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* options.c: 0, a negative errno, or 1 for help that was given */
bool options_help_wanted(int argc, char **argv);
int options_parse(struct options *options, int argc, char **argv);

/* file.c: exit codes, and a line that says why */
int files_open(struct files *files, const struct options *options);
void files_close(struct files *files, const struct options *options, bool keep);
int file_read(const struct pipeline *p, struct block *block, uint64_t offset);
int file_ended(const struct pipeline *p);
int file_write(const struct pipeline *p, const struct block *block, uint64_t offset);
int file_check(const struct pipeline *p);

/* device.c: exit codes, and a line that says why */
int device_open(struct device *device, const struct options *options);
void device_close(struct device *device);
int blocks_get(struct pipeline *p);
void blocks_put(struct pipeline *p);

/* copy.c */
int copy_run(struct pipeline *p);

/* crc.c */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t n);

#endif /* PIPELINE_H */

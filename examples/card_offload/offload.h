/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef OFFLOAD_H
#define OFFLOAD_H

/**
 * @file
 * A file, hashed by a card: it is mapped, copied to the memory of a virtual MIC card by DMA, block
 * by block, hashed there by a function that runs on the card, and each answer is compared with what
 * the host computes. Start reading in main.c; the loop is in run.c.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_pmd_mic.h>

#define OFFLOAD_MAX_DEPTH 16
#define OFFLOAD_CARD_NAME 64

/** How the program ends. */
enum offload_exit {
	EXIT_DONE,   /**< every answer was right */
	EXIT_FAILED, /**< a failure at run time, or a wrong answer */
	EXIT_USAGE,  /**< an option or a file that is not accepted */
	EXIT_CARD,   /**< no card, or it cannot do what is asked */
};

/** What the user asked for. */
struct options {
	const char *file;
	const char *card; /**< NULL: one in this process */
	bool make;        /**< write the file first */
	uint64_t block, depth;
};

/** The calls of raw_mic: its library is loaded, not linked. */
struct driver {
	void *library;
	int (*wait)(uint16_t dev_id, enum rte_pmd_mic_state state, unsigned int timeout_ms);
	int (*function)(uint16_t dev_id, const char *name, struct rte_pmd_mic_function *fn);
	int (*call)(struct rte_pmd_mic_function *fn, const uint64_t args[6]);
	int (*answer)(struct rte_pmd_mic_function *fn, uint64_t sequence, uint64_t args[6],
		      int64_t *result);
};

/** The card, as it was found and booted. */
struct card {
	struct driver driver;
	uint16_t raw;        /**< rawdev: its life */
	int16_t dma;         /**< dmadev: copies to it */
	bool opened, started, dma_started;
	double boot_seconds;
	struct rte_pmd_mic_function hash;
};

/** A place for a block, here and on the card. */
struct block {
	uint8_t *memory;
	uint64_t iova;
	uint64_t card;     /**< offset in card memory */
	uint64_t sequence; /**< of the request for its hash */
	uint32_t bytes;
};

/** The file as it is mapped. */
struct input {
	const uint8_t *bytes;
	uint64_t size;
	int fd;
};

struct offload {
	struct options options;
	struct input input;
	struct card card;
	struct block blocks[OFFLOAD_MAX_DEPTH];
	const void *zone; /**< that the blocks lie in */
	uint64_t copied, asked, answered, sent; /**< blocks */
	uint64_t digest;  /**< of all answers, in their order */
	double seconds;
};

/* main.c */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* options.c */
int options_parse(struct options *options, int argc, char **argv);

/* file.c */
int file_make(const struct options *options);
int file_map(struct input *input, const char *name);
void file_unmap(struct input *input);

/* card.c */
int driver_load(struct driver *driver);
int card_open(struct card *card, const struct options *options);
void card_close(struct card *card);
double seconds_now(void);

/* hash.c */
uint64_t hash_bytes(const uint8_t *bytes, uint64_t len);
uint32_t hash_crc(const uint8_t *bytes, uint64_t len);

/* run.c */
int blocks_get(struct offload *o);
int offload_run(struct offload *o);
void blocks_put(struct offload *o);

#endif /* OFFLOAD_H */

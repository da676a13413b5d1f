/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef BENCH_MIC_H
#define BENCH_MIC_H

/**
 * @file
 * What a MIC card costs its host: a call and its answer through mapped card memory beside a cache
 * line that goes there and back, DMA beside the CPU's own copy, and the way from a reset to a card
 * that answers. Every figure is the median of samples that are taken in turns.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_pmd_mic.h>

#include "options.h"
#include "probe.h"

#define BENCH_MAX_CARDS   4
#define BENCH_MAX_CELLS   (2 * BENCH_NUMBERS_MAX * BENCH_NUMBERS_MAX)
#define BENCH_MAX_REPEATS 99
#define BENCH_MAX_BOOTS   20
#define BENCH_MAX_DEPTH   64
#define BENCH_MAX_SIZE    (64u << 20)
#define BENCH_NAME_SIZE   64
#define BENCH_REASON_SIZE 96

/** What is timed. */
enum bench_part {
	BENCH_TRIPS, /**< calls of the function `echo` */
	BENCH_DMA,   /**< copies */
	BENCH_BOOTS, /**< reset, ready, boot, answer */
	BENCH_NB_PARTS,
};

/** What the user asked for. */
struct bench_options {
	double seconds;       /**< length of one sample */
	unsigned int repeats; /**< samples of each figure */
	unsigned int boots;   /**< boots of each card that are timed */
	unsigned int parts;   /**< bits */
	struct bench_numbers sizes, depths; /**< of copies */
	const char *json;     /**< file to write, or NULL */
};

/** The calls of raw_mic, whose library EAL has loaded. */
struct bench_driver {
	int (*wait)(uint16_t dev_id, enum rte_pmd_mic_state state, unsigned int timeout_ms);
	void *(*aperture)(uint16_t dev_id, uint64_t offset, uint64_t len);
	int (*function)(uint16_t dev_id, const char *name, struct rte_pmd_mic_function *fn);
	int (*call)(struct rte_pmd_mic_function *fn, const uint64_t args[6]);
	int (*answer)(struct rte_pmd_mic_function *fn, uint64_t sequence, uint64_t args[6],
		      int64_t *result);
};

/** Milliseconds of a boot. */
struct bench_boot {
	double ready;  /**< from the reset to a card that waits for an image */
	double load;   /**< image and command line to the card */
	double online; /**< from the start to the state */
	double answer; /**< from the start to a function's answer */
};

/** A round trip's sample. */
struct bench_trip {
	double ns;       /**< a call and its answer */
	double raw[2];   /**< a cache line there and back, before and after */
	double cpu_share;
	enum bench_tag tag;
};

/** A card. */
struct bench_card {
	char label[BENCH_NAME_SIZE];
	uint16_t raw;
	int16_t dma;
	bool started;
	struct rte_pmd_mic_function echo, room; /**< room: card memory for copies */
	struct bench_trip trip[BENCH_MAX_REPEATS];
	struct bench_boot boot[BENCH_MAX_BOOTS];
	char failure[BENCH_REASON_SIZE]; /**< empty: none */
};

/** A row of the DMA table. */
struct bench_cell {
	bool to_card;
	uint32_t size, depth;
};

/** A sample of copies. */
struct bench_copies {
	double gbps;
	double cpu_share; /**< CPU time over time gone by */
};

/** One way to copy in one cell. */
struct bench_rate {
	double gbps[BENCH_MAX_REPEATS];
	unsigned int disturbed; /**< samples whose thread had less than its CPU, try as we might */
	char reason[BENCH_REASON_SIZE]; /**< why there are none; empty when there are */
	bool failed;
	/* Derived. */
	double median, ratio; /**< ratio: to the CPU's copy of the same turn, medians of pairs */
};

/** Host memory for copies. */
struct bench_room {
	uint8_t *memory;
	uint64_t iova;
	uint64_t size;
	const void *zone;
};

/** A whole run. */
struct bench_run {
	struct bench_options opt;
	struct bench_driver driver;
	unsigned int nb_cards, nb_cells;
	struct bench_card card[BENCH_MAX_CARDS];
	struct bench_cell cell[BENCH_MAX_CELLS];
	/* By cell, then card; of each card first by the CPU into its aperture, then by its DMA. */
	struct bench_rate cpu[BENCH_MAX_CELLS][BENCH_MAX_CARDS];
	struct bench_rate dma[BENCH_MAX_CELLS][BENCH_MAX_CARDS];
	struct bench_rate local[BENCH_MAX_CELLS]; /**< by the CPU, within host memory */
	struct bench_room room;
};

/** Medians of a card's round trips, of samples of one tag. */
struct bench_trip_summary {
	double ns, raw, over;
	enum bench_tag tag;
	unsigned int samples;
};

/* options.c */
int bench_options_parse(int argc, char **argv, struct bench_options *opt);
bool bench_help(int argc, char **argv);

/* card.c */
int bench_driver_find(struct bench_driver *driver);
int bench_cards_find(struct bench_run *run);
int bench_card_up(const struct bench_run *run, struct bench_card *card, struct bench_boot *boot);
int bench_card_down(struct bench_card *card);
double bench_now_ms(void);
double bench_cpu_seconds(void);

/* trip.c */
void bench_trips(struct bench_run *run);
void bench_trip_summarize(const struct bench_run *run, const struct bench_card *card,
			  struct bench_trip_summary *summary);

/* dma.c, copy.c */
int bench_dma(struct bench_run *run);
void bench_copy_cpu(uint8_t *host, uint8_t *card, const struct bench_cell *cell, double seconds,
		    struct bench_copies *sample);
int bench_copy_dma(const struct bench_run *run, const struct bench_card *card,
		   const struct bench_cell *cell, double seconds, struct bench_copies *sample);

/* boot.c */
void bench_boots(struct bench_run *run);

/* report.c, json.c */
int bench_report(const struct bench_run *run);
int bench_json(const struct bench_run *run, const char *file);

#endif /* BENCH_MIC_H */

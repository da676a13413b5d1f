/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef BENCH_DMA_H
#define BENCH_DMA_H

/**
 * @file
 * DMA devices and ways of a CPU to copy, side by side on one loop, each cell of the table measured
 * in turns.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe.h"
#include "sides.h"

#define BENCH_MAX_SUBJECTS 12
#define BENCH_MAX_CELLS    256
#define BENCH_MAX_REPEATS  99
#define BENCH_MAX_BATCH    64
#define BENCH_MAX_DEPTH    1024
#define BENCH_MAX_SIZE     (16u << 20)
#define BENCH_REASON_SIZE  96
#define BENCH_NAME_SIZE    64

/** What is timed. */
enum bench_layout {
	BENCH_COPY,  /**< the whole of it */
	BENCH_PARTS, /**< the calls one by one; devices only */
	BENCH_NB_LAYOUTS,
};

/** Where the bytes are before they are copied. */
enum bench_heat {
	BENCH_HOT,  /**< in the caches, as far as they fit */
	BENCH_COLD, /**< in memory: flushed from all caches */
	BENCH_NB_HEATS,
};

/** What one row of the table measures. */
struct bench_cell {
	enum bench_layout layout;
	enum bench_heat heat;
	uint32_t size;    /**< bytes of a copy */
	uint16_t batch;   /**< copies that are submitted together */
	uint16_t depth;   /**< copies under way at most */
	uint16_t threads; /**< each submits and polls, a channel each */
};

/** What the user asked for. */
struct bench_options {
	double seconds;       /**< length of one sample, the timed part of it */
	unsigned int repeats; /**< samples of each subject in each cell */
	const char *json;     /**< file to write, or NULL */
};

/** The calls of a copy by a device; BENCH_PARTS only. */
enum bench_part {
	BENCH_ENQUEUE, /**< rte_dma_copy */
	BENCH_SUBMIT,  /**< rte_dma_submit */
	BENCH_POLL,    /**< rte_dma_completed */
	BENCH_NB_PARTS,
};

/** One timed sample. */
struct bench_sample {
	double gbps;   /**< 10^9 bytes a second, all threads together */
	double ns;     /**< a copy, as one thread sees it */
	double cycles; /**< the same, of the time stamp counter */
	double part[BENCH_NB_PARTS]; /**< cycles a copy */
	double cpu_share; /**< CPU time over time gone by, of the thread that had least */
	double probe[2];  /**< before and after: round trip in ns, or additions a cycle */
	enum bench_tag tag;
};

/** What one subject did in one cell. */
struct bench_result {
	char reason[BENCH_REASON_SIZE]; /**< why there are no samples; empty when there are */
	bool failed;                    /**< the reason is a fault, not a refusal */
	struct bench_sample sample[BENCH_MAX_REPEATS];
	/* Derived from the samples, by summary.c. */
	unsigned int nb_tag[BENCH_NB_TAGS];
	enum bench_tag tag; /**< of the samples behind the medians */
	struct bench_sample median;
	double min, max;    /**< ns a copy */
	double ratio;       /**< how many times as fast as the first subject, or 0 */
	double over_ns;     /**< ns a copy more than the first subject took */
	enum bench_tag ratio_tag;
	unsigned int nb_pairs;
};

/** Copy by the CPU. */
typedef void (*bench_copy_t)(void *dst, const void *src, size_t n);

/** A column of the table: the CPU's own copy, or a device. */
struct bench_subject {
	char label[BENCH_NAME_SIZE];
	bench_copy_t copy; /**< NULL: a device */
	int16_t dev_id;
};

/** The buffers of one thread in one cell: slot n is copied from src to dst. */
struct bench_slots {
	uint8_t *src, *dst;
	uint64_t src_iova, dst_iova;
	size_t stride;
	uint32_t count; /**< slots */
	uint32_t ops;   /**< copies between two looks at the bytes; they go round the slots */
	const void *zone;
};

/** A whole run. */
struct bench_run {
	struct bench_options opt;
	unsigned int nb_cells, nb_subjects;
	struct bench_cell cell[BENCH_MAX_CELLS];
	struct bench_subject subject[BENCH_MAX_SUBJECTS];
	struct bench_slots slots[SIDES_MAX]; /**< of the cell that is measured */
	struct bench_result *results;        /**< by cell, then by subject */
};

/** Where the outcome of a subject in a cell is kept. */
static inline struct bench_result *
bench_result(const struct bench_run *run, unsigned int cell, unsigned int subject)
{
	return &run->results[cell * run->nb_subjects + subject];
}

/* options.c */
int bench_options_parse(int argc, char **argv, struct bench_run *run);
bool bench_help(int argc, char **argv);

/* cells.c */
extern const char *const bench_layout_names[BENCH_NB_LAYOUTS];
extern const char *const bench_heat_names[BENCH_NB_HEATS];
int bench_cells_add(struct bench_run *run, const struct bench_cell *cell);
int bench_cells_full(struct bench_run *run);

/* copies.c */
int bench_copies_add(struct bench_run *run, const char *name);
int bench_copies_add_all(struct bench_run *run);

/* copy_nt.c; copy_memcpy.c, once for each kind of CPU */
void bench_copy_nt(void *dst, const void *src, size_t n);
void bench_copy_rte_memcpy(void *dst, const void *src, size_t n);
void bench_copy_rte_memcpy_avx2(void *dst, const void *src, size_t n);
void bench_copy_rte_memcpy_avx512(void *dst, const void *src, size_t n);

/* device.c */
int bench_devices_find(struct bench_run *run);
int bench_device_start(const struct bench_subject *subject, const struct bench_cell *cell,
		       char reason[BENCH_REASON_SIZE]);
void bench_device_stop(const struct bench_subject *subject);

/* slots.c */
void bench_slots_plan(struct bench_slots *slots, const struct bench_cell *cell);
size_t bench_slots_bytes(const struct bench_slots *slots);
int bench_slots_get(struct bench_slots *slots, const struct bench_cell *cell, unsigned int side,
		    char reason[BENCH_REASON_SIZE]);
void bench_slots_put(struct bench_slots *slots);
void bench_slots_spoil(const struct bench_slots *slots, const struct bench_cell *cell);
bool bench_slots_right(const struct bench_slots *slots, const struct bench_cell *cell);

/* pass.c */
int bench_pass(const struct bench_subject *subject, const struct bench_cell *cell,
	       const struct bench_slots *slots, uint16_t vchan);
int bench_pass_parts(const struct bench_subject *subject, const struct bench_cell *cell,
		     const struct bench_slots *slots, uint64_t cycles[BENCH_NB_PARTS]);

/* sample.c */
int bench_sample(struct bench_run *run, const struct bench_subject *subject,
		 const struct bench_cell *cell, double seconds, struct bench_sample *sample);

/* measure.c */
int bench_measure(struct bench_run *run);

/* summary.c */
void bench_summarize(struct bench_run *run, unsigned int cell);

/* report.c, json.c */
void bench_report_head(const struct bench_run *run);
void bench_report_cell(const struct bench_run *run, unsigned int cell);
int bench_report_notes(const struct bench_run *run);
int bench_json(const struct bench_run *run, const char *file);

#endif /* BENCH_DMA_H */

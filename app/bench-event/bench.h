/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef BENCH_EVENT_H
#define BENCH_EVENT_H

/**
 * @file
 * Event devices side by side on one loop, each cell of the table measured in turns.
 */

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"
#include "probe.h"

#define BENCH_MAX_DEVICES 8
#define BENCH_MAX_CELLS   256
#define BENCH_MAX_LIST    8
#define BENCH_MAX_REPEATS 99
#define BENCH_REASON_SIZE 96
#define BENCH_NAME_SIZE   32

/** Who does what. */
enum bench_layout {
	BENCH_COOPERATIVE,     /**< one thread produces, schedules and works */
	BENCH_PAIR,            /**< one produces, one works */
	BENCH_TWO_WORKER,      /**< both produce and work, each at one port */
	BENCH_LATENCY,         /**< a pair, one event in flight; the producer only enqueues */
	BENCH_LATENCY_FLUSHED, /**< the same, and flushes its port after each event */
	BENCH_PARTS,           /**< cooperative, the calls timed one by one */
	BENCH_NB_LAYOUTS,
};

/** The types of a pipeline, as in "oa" for ordered and then atomic. */
struct bench_stages {
	char name[LOOP_MAX_STAGES + 1];
	uint8_t count;
	uint8_t sched_type[LOOP_MAX_STAGES];
};

/** What one row of the table measures. */
struct bench_cell {
	enum bench_layout layout;
	struct bench_stages stages;
	uint16_t burst;
	uint32_t flows;
	uint32_t work; /**< cycles a worker spends on an event */
};

/** What the user asked for. */
struct bench_options {
	double seconds;       /**< length of one sample */
	unsigned int repeats; /**< samples of each device in each cell */
	uint32_t window;      /**< events kept in the device */
	const char *json;     /**< file to write, or NULL */
	bool probe;           /**< measure no device */
};

/** What a thread of one CPU spends where; BENCH_PARTS only. */
enum bench_part {
	BENCH_ENQUEUE,
	BENCH_SCHEDULE,
	BENCH_DEQUEUE,
	BENCH_NB_PARTS,
};

/** One timed sample. */
struct bench_sample {
	double mps;            /**< million deliveries a second, all threads together */
	double cycles;         /**< of the time stamp counter, a delivery */
	double p50_ns, p90_ns; /**< from enqueue to dequeue; latency layouts only */
	double part[BENCH_NB_PARTS];
	double cpu_share; /**< CPU time over time gone by, of the thread that had least */
	double rtt_ns[2]; /**< of a cache line, before and after; 0 with one thread */
	double issue[2];  /**< additions a cycle, before and after; one thread only */
	enum bench_tag tag;
};

/** What one device did in one cell. */
struct bench_result {
	char reason[BENCH_REASON_SIZE]; /**< why there are no samples; empty when there are */
	bool failed;                    /**< the reason is a fault, not a refusal */
	unsigned int service_sides;     /**< where the service ran: bit n, thread n */
	struct bench_sample sample[BENCH_MAX_REPEATS];
	/* Derived from the samples, by summary.c. */
	unsigned int nb_tag[BENCH_NB_TAGS];
	enum bench_tag tag; /**< of the samples behind the medians */
	struct bench_sample median;
	double min, max;    /**< of what the cell is about */
	double ratio;       /**< how many times better the first device was, or 0 */
	enum bench_tag ratio_tag;
	unsigned int nb_pairs;
};

/** A device of the comparison. */
struct bench_device {
	char vdev[BENCH_NAME_SIZE];  /**< of the bus */
	char label[BENCH_NAME_SIZE]; /**< of its driver */
	char args[128];              /**< device arguments */
	bool static_pipeline;        /**< one queue a port, stages in the order of set-up */
	struct bench_loop loop;
};

/** A whole run. */
struct bench_run {
	struct bench_options opt;
	unsigned int nb_cells, nb_devices;
	struct bench_cell cell[BENCH_MAX_CELLS];
	struct bench_device device[BENCH_MAX_DEVICES];
	struct bench_result *results; /**< by cell, then by device */
};

/** Where the outcome of a device in a cell is kept. */
static inline struct bench_result *
bench_result(const struct bench_run *run, unsigned int cell, unsigned int device)
{
	return &run->results[cell * run->nb_devices + device];
}

/* options.c */
int bench_options_parse(int argc, char **argv, struct bench_run *run);
bool bench_help(int argc, char **argv);

/* cells.c */
extern const char *const bench_layout_names[BENCH_NB_LAYOUTS];
int bench_stages_parse(const char *name, struct bench_stages *stages);
unsigned int bench_layout_threads(enum bench_layout layout);
bool bench_layout_is_latency(enum bench_layout layout);
int bench_cells_add(struct bench_run *run, const struct bench_cell *cell);
int bench_cells_full(struct bench_run *run, unsigned int layouts);

/* device.c */
int bench_devices_find(struct bench_run *run);
int bench_device_setup(struct bench_device *dev, const struct bench_cell *cell,
		       const struct bench_options *opt, char reason[BENCH_REASON_SIZE]);
void bench_device_teardown(struct bench_device *dev);

/* wire.c */
int bench_refuse(char reason[BENCH_REASON_SIZE], const char *step, int ret);
int bench_wire(struct bench_loop *loop, enum bench_layout layout, char reason[BENCH_REASON_SIZE]);
void bench_wire_share_order(struct bench_loop *loop, bool share);
void bench_unwire(struct bench_loop *loop);

/* sample.c */
int bench_sample_rate(struct bench_loop *loop, double seconds, struct bench_sample *sample);
int bench_sample_drain(struct bench_loop *loop);

/* latency.c */
int bench_sample_latency(struct bench_loop *loop, double seconds, struct bench_sample *sample);

/* parts.c */
int bench_sample_parts(struct bench_loop *loop, double seconds, struct bench_sample *sample);

/* measure.c */
int bench_measure(struct bench_run *run);

/* summary.c */
double bench_value(const struct bench_cell *cell, const struct bench_sample *sample);
void bench_summarize(struct bench_run *run, unsigned int cell);
const char *bench_tag_name(enum bench_layout layout, enum bench_tag tag);

/* report.c, json.c */
void bench_report_head(const struct bench_run *run);
void bench_report_cell(const struct bench_run *run, unsigned int cell);
int bench_report_notes(const struct bench_run *run);
int bench_json(const struct bench_run *run, const char *file);

#endif /* BENCH_EVENT_H */

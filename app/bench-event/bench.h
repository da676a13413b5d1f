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

#include <rte_eventdev.h>

#define BENCH_MAX_DEVICES 8
#define BENCH_MAX_CELLS   4
#define BENCH_MAX_STAGES  2
#define BENCH_MAX_REPEATS 99
#define BENCH_MAX_BURST   128u
#define BENCH_REASON_SIZE 96
#define BENCH_NAME_SIZE   32

/* A thread with less of its CPU than this shared it: the sample says nothing about the device. */
#define BENCH_MIN_CPU_SHARE 0.965

/** What one column of the table measures. */
struct bench_cell {
	const char *name;
	uint8_t nb_stages;
	uint8_t sched_type[BENCH_MAX_STAGES];
};

/** What the user asked for. */
struct bench_options {
	double seconds;       /**< length of one sample */
	unsigned int repeats; /**< samples of each device in each cell */
	uint32_t window;      /**< events kept in the device */
	uint16_t burst;
	uint32_t flows;
	unsigned int cells; /**< bit n: run the cell of that number */
	const char *json;   /**< file to write, or NULL */
};

/** One timed sample. */
struct bench_sample {
	double mps;       /**< million deliveries a second */
	double cycles;    /**< of the time stamp counter, a delivery */
	double cpu_share; /**< CPU time of the thread over time gone by */
};

/** How a device is wired for a cell, and where its loop is. */
struct bench_loop {
	/* Hot: read by every iteration. */
	uint8_t dev_id;
	uint8_t nb_stages;
	uint8_t nb_workers;  /**< ports that dequeue: 1 to nb_stages, numbered from 1 */
	bool answers_last;   /**< RELEASE for the last stage, else left to the next dequeue */
	bool inline_service; /**< the scheduler runs on this thread */
	bool maintain;       /**< the device wants calls to rte_event_maintain() */
	uint16_t burst;
	uint32_t service_id;
	uint32_t window;
	uint32_t flows;
	uint32_t inflight;
	uint32_t next_flow;
	uint64_t next_seq;
	uint64_t deliveries;
	uint8_t sched_type[BENCH_MAX_STAGES];
	/* Cold. */
	struct bench_check *check; /**< what has been seen, in the checked pass */
};

/** What one device did in one cell. */
struct bench_result {
	char reason[BENCH_REASON_SIZE]; /**< why there are no samples; empty when there are */
	bool failed;                    /**< the reason is a fault, not a refusal */
	unsigned int disturbed;         /**< samples kept although the CPU was shared */
	struct bench_sample sample[BENCH_MAX_REPEATS];
	/* Derived from the samples. */
	double median_mps, min_mps, max_mps;
	double median_cycles;
	double ratio; /**< first device over this one, median of the pairs */
};

/** A device of the comparison. */
struct bench_device {
	char vdev[BENCH_NAME_SIZE];  /**< of the bus */
	char label[BENCH_NAME_SIZE]; /**< of its driver */
	char args[128];              /**< device arguments */
	bool static_pipeline;        /**< one queue a port, stages in the order of set-up */
	struct bench_loop loop;
	struct bench_result result[BENCH_MAX_CELLS];
};

/** A whole run. */
struct bench_run {
	struct bench_options opt;
	unsigned int nb_devices;
	struct bench_device device[BENCH_MAX_DEVICES];
};

extern const struct bench_cell bench_cells[];
extern const unsigned int bench_nb_cells;

/* options.c */
int bench_options_parse(int argc, char **argv, struct bench_options *opt);
bool bench_options_help(int argc, char **argv);

/* device.c */
int bench_devices_find(struct bench_run *run);
int bench_device_setup(struct bench_device *dev, const struct bench_cell *cell,
		       const struct bench_options *opt, char reason[BENCH_REASON_SIZE]);
void bench_device_teardown(struct bench_device *dev);

/* loop.c */
int bench_loop_sample(struct bench_loop *loop, double seconds, struct bench_sample *sample);
int bench_loop_drain(struct bench_loop *loop);
int bench_loop_verify(struct bench_loop *loop, uint64_t events, char reason[BENCH_REASON_SIZE]);

/* measure.c */
void bench_measure(struct bench_run *run);

/* report.c, json.c */
int bench_report(const struct bench_run *run);
int bench_json(const struct bench_run *run, const char *file);

#endif /* BENCH_EVENT_H */

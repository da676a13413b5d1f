/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_TOP_H
#define SLIPWAY_TOP_H

/**
 * @file
 * Inside slipway top: what a device's program says at one time (top_sample.c), and what happened
 * between two such times, for people (top_print.c); the same for a served device (top_served.c).
 */

#include <stdbool.h>

#include <jansson.h>

#include "telemetry.h"

/** Counters and levels of a device. All members are NULL or references of the sample's. */
struct top_sample {
	double at;      /**< seconds since some moment */
	json_t *domain; /**< /slipway/dlb/domain */
	json_t *device; /**< extended statistics by name; of a served device, all it says */
	json_t *ports;  /**< the same for each port, */
	json_t *queues; /**< and each queue */
};

/** Ask the program: 0, or a negative errno after a message. */
int top_sample_take(int fd, const struct telemetry_device *from, struct top_sample *sample);

/** Let go of what it refers to. */
void top_sample_free(struct top_sample *sample);

/** What happened from one sample to the next, as JSON: rates are per second. */
json_t *top_frame(const struct top_sample *before, const struct top_sample *now);

/**
 * Print a frame as tables.
 *
 * @param rows of the terminal, 0 when there is none: what does not fit is only counted
 */
void top_print(json_t *frame, unsigned int rows);

/* ---- top_served.c ---- */

/** Ask the control socket of a served device: 0, or a negative errno after a message. */
int top_served_take(const char *control, struct top_sample *sample);

/** What happened between two samples; `name` is what the user calls the device. */
json_t *top_served_frame(const char *name, const struct top_sample *before,
			 const struct top_sample *now);

/** Print such a frame. */
void top_served_print(json_t *frame, unsigned int rows);

/* ---- top_dsa.c: a DSA, of a program or served ---- */

/** Ask the program: 0, or a negative errno after a message. */
int top_dsa_take(int fd, const struct telemetry_device *from, struct top_sample *sample);
/** As top_served_frame, of samples of top_dsa_take or of top_served_take. */
json_t *top_dsa_frame(const char *name, const struct top_sample *before,
		      const struct top_sample *now);
void top_dsa_print(json_t *frame, unsigned int rows);

/* ---- top_mic.c: a card ---- */

/** As top_served_frame. */
json_t *top_mic_frame(const char *name, const struct top_sample *before,
		      const struct top_sample *now);
void top_mic_print(json_t *frame, unsigned int rows);

/* ---- top_print.c, for all ---- */

/** Room for any number. */
#define TOP_RATE_LEN 24

/** A rate in few characters: 1234, 56.7k, 8.90M. */
const char *top_rate(char buf[TOP_RATE_LEN], json_int_t n);

/** Print as many of a list as there is room for, and count the others. */
void top_print_each(json_t *all, size_t room, void (*print)(json_t *one), const char *what);

#endif /* SLIPWAY_TOP_H */

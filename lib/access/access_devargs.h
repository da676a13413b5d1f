/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_ACCESS_DEVARGS_H
#define SLIPWAY_ACCESS_DEVARGS_H

/**
 * @file
 * Device arguments by a table. Each key is a row: its name, what has it, what it accepts in words
 * and where its value goes. One refusal is one log line with key, value and what is accepted.
 */

#include <stdbool.h>
#include <stddef.h>

#include "access_args.h"

/** What has an argument. */
enum access_devarg_of {
	ACCESS_OF_USE,     /**< any device: how it is used */
	ACCESS_OF_DEVICE,  /**< a device that is set up here: not one that others have set up */
	ACCESS_OF_VIRTUAL, /**< a virtual device, which is told what another one is */
	ACCESS_OF_MODEL,   /**< the same, and it is settled here */
};

/** What a value is. */
enum access_devarg_kind {
	ACCESS_OWN,       /**< the driver has a function for it */
	ACCESS_COUNT,     /**< a number, min..max, into an unsigned int */
	ACCESS_SWITCH,    /**< the first or the second word of what is accepted, into a bool */
	ACCESS_STEP_WORD, /**< step=, into an enum access_step */
	ACCESS_NUMA_NODE, /**< numa_node=, into an int */
	ACCESS_NOTHING,   /**< known to another driver of the device, and means nothing here */
};

struct access_devarg {
	const char *key;
	enum access_devarg_of of;
	enum access_devarg_kind kind;
	const char *accepted; /**< in words; NULL: min..max */
	size_t at;            /**< where the value goes, in what the driver keeps them in */
	unsigned int min, max;
	const char *synonym;  /**< what another driver of the device calls it, or NULL */
	bool many;            /**< may be given several times */
	/** ACCESS_OWN: 0, or -EINVAL for a value that is not accepted. */
	int (*store)(void *args, const char *value);
	/** In place of it: the same for keys that share a function. */
	int (*store_key)(void *args, const char *key, const char *value);
};

/* Where a member lies; the compiler warns when it has another type. */
#define ACCESS_DEVARG_AT(args, member, type) \
	(offsetof(args, member) + 0 * sizeof((type *)NULL == &((args *)NULL)->member))

/* The rest of a row, behind key and owner. args is the type that has the member. */
#define ACCESS_DEVARG_COUNT(args, member, low, high)                        \
	.kind = ACCESS_COUNT, .min = (low), .max = (high),                  \
	.at = ACCESS_DEVARG_AT(args, member, unsigned int)
#define ACCESS_DEVARG_SWITCH(args, member, off_on)                          \
	.kind = ACCESS_SWITCH, .accepted = (off_on), .at = ACCESS_DEVARG_AT(args, member, bool)
#define ACCESS_DEVARG_STEP(args, member)                                    \
	.kind = ACCESS_STEP_WORD, .accepted = ACCESS_STEPS,                 \
	.at = ACCESS_DEVARG_AT(args, member, enum access_step)
#define ACCESS_DEVARG_NUMA_NODE(args, member)                               \
	.kind = ACCESS_NUMA_NODE,                                           \
	.accepted = "a node of this machine with memory for DPDK, or -1 for any", \
	.at = ACCESS_DEVARG_AT(args, member, int)
#define ACCESS_DEVARG_OWN(function, words) .store = (function), .accepted = (words)

/** Room for what was said of a key, cut off where it is longer. */
#define ACCESS_SAID_MAX 64
/** Room for a reason, with its end. */
#define ACCESS_WHY_MAX 256

/** One reading of arguments. */
struct access_devargs {
	const char *name; /**< of the device, for messages */
	int logtype;
	const struct access_devarg *rows;
	unsigned int nb_rows;
	void *args;  /**< where the values go */
	bool on_bus; /**< the device says itself what it is: it has no arguments of virtual ones */
	/**
	 * Once all values are known: why one of them is not to be said beside the others, with what
	 * is accepted. NULL, or an empty text as it is handed over: nothing speaks against it.
	 */
	void (*settled)(const void *args, const struct access_devarg *arg,
			char why[ACCESS_WHY_MAX]);
	/** out: the first one of ACCESS_OF_DEVICE that was said, key=value, or "" */
	char device_said[ACCESS_SAID_MAX];
};

/**
 * Read arguments. Logs what is wrong with them.
 *
 * @param text `key=value,...`, or empty, or NULL
 * @return 0, or -EINVAL
 */
int access_devargs_read(struct access_devargs *reader, const char *text);

#endif /* SLIPWAY_ACCESS_DEVARGS_H */

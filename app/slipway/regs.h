/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_REGS_H
#define SLIPWAY_REGS_H

/**
 * @file
 * `slipway regs`: where register values come from, what they mean, how they are shown. All
 * functions report their errors in one line.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "models.h"

/** A register's value. */
struct regs_value {
	unsigned int bar;
	uint64_t off; /**< bytes */
	uint32_t value;
};

/** Registers of a device at one time. Those that are not listed have their reset values. */
struct regs_dump {
	const struct model *model;
	unsigned int version; /**< of that model: column of its register table */
	uint32_t msix[3];     /**< of a DSA: vectors, offset of the table, of the pending bits */
	size_t count;
	size_t room; /**< for so many values */
	struct regs_value *values;
};

/** What to show. */
struct regs_options {
	bool all; /**< registers at their reset values, too */
	bool json;
	const char *filter; /**< names that match, NULL for every one */
	const char *save;   /**< file to write, NULL for none */
	double watch;       /**< seconds from one look to the next, 0 for one look only */
};

/* ---- regs_dump.c ---- */

/** Text of its version, "2.5". */
const char *regs_version_name(const struct regs_dump *dump);

/**
 * Make a dump of its JSON form,
 * {"device": "dlb", "version": "2.5", "registers": [[bar, offset, value], ...]}; of a DSA with
 * "msix": [vectors, table, pending bits].
 *
 * @param where what the JSON was read from, for messages
 * @return 0, or -EINVAL, -ENOMEM
 */
int regs_from_json(struct regs_dump *dump, const json_t *root, const char *where);

/** The JSON form of a dump, or NULL when memory is short. */
json_t *regs_to_json(const struct regs_dump *dump);

/** Add a value: 0 or -ENOMEM. */
int regs_add(struct regs_dump *dump, unsigned int bar, uint64_t off, uint32_t value);

/** What the dump is of, by its text; -EINVAL, reported, for what there is not. */
int regs_set_model(struct regs_dump *dump, const char *model, const char *version,
		   const char *where);

/** Let go of the values. */
void regs_free(struct regs_dump *dump);

/* ---- regs_source.c: files and control sockets; regs_telemetry.c: DPDK's telemetry ---- */

/**
 * Read the registers of a target: a file, a PID or PID.N, a served device as ask_find() knows it,
 * the path of a control socket, or telemetry:[PREFIX][:ID].
 *
 * @return 0, or a negative errno
 */
int regs_read(const char *target, struct regs_dump *dump);

/** Print what could be read: a line for each device. The number of devices. */
unsigned int regs_list(void);

/** What follows "telemetry:" in a target, and the list; for regs_source.c. */
int regs_telemetry_read(const char *which, struct regs_dump *dump);
unsigned int regs_telemetry_list(void);

/* ---- regs_print.c ---- */

/** Has such a device a register whose name matches? */
bool regs_filter_fits(const char *filter, const struct regs_dump *dump);

/**
 * Print a dump.
 *
 * @param before what was printed last, to mark what changed since; NULL for none
 * @return 0, or -ENOMEM
 */
int regs_print(const struct regs_dump *dump, const struct regs_dump *before,
	       const struct regs_options *options);

#endif /* SLIPWAY_REGS_H */

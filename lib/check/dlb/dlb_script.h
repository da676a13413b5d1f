/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_SCRIPT_H
#define SLIPWAY_DLB_SCRIPT_H

/**
 * @file
 * What a run does, as lines: first the device and what is set up on it, then operations. A line is
 * resolved against the state it meets, so that any line can be taken out and the rest still makes
 * sense: that is what makes a failing script shrink.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define DLB_SCRIPT_ARGS 11

/** Kinds of lines; their arguments are in the table of dlb_script.c, in the same order. */
enum dlb_script_kind {
	/* The device and its parts. */
	DLB_LINE_DEVICE,
	DLB_LINE_DOMAIN,
	DLB_LINE_QUEUE,
	DLB_LINE_PORT,
	DLB_LINE_DIRECTED,
	DLB_LINE_LINK,
	/* Operations. */
	DLB_LINE_NEW,
	DLB_LINE_FWD,
	DLB_LINE_FRAG,
	DLB_LINE_COMP,
	DLB_LINE_TOKENS,
	DLB_LINE_COMP_TOKENS,
	DLB_LINE_NOOP,
	DLB_LINE_ARM,
	DLB_LINE_SEND,
	DLB_LINE_SYNC,
	DLB_LINE_STEP,
	DLB_LINE_SETTLE,
	DLB_LINE_MEANWHILE,
	DLB_LINE_DISABLE,
	DLB_LINE_ENABLE,
	DLB_LINE_MAP,
	DLB_LINE_UNMAP,
	DLB_LINE_LINK_WORK,
	DLB_LINE_BAD_COMMAND,
	DLB_LINE_BAD_QUEUE,
	DLB_LINE_BAD_TYPE,
	DLB_LINE_DISABLED_QUEUE,
	DLB_LINE_BAD_PORT,
	DLB_LINE_EXCESS_COMP,
	DLB_LINE_EXCESS_TOKENS,
	DLB_LINE_BAD_FRAG,
	DLB_LINE_OVER_CREDIT,
	DLB_LINE_CLEAR_ALARM,
	DLB_LINE_RESET_DOMAIN,
	DLB_LINE_RESET_DEVICE,
	DLB_LINE_KINDS,
	DLB_LINE_FIRST_OP = DLB_LINE_NEW,
};

struct dlb_script_line {
	uint8_t kind;
	uint32_t arg[DLB_SCRIPT_ARGS];
};

struct dlb_script {
	uint64_t seed; /**< it was made from, 0 for none */
	struct dlb_script_line *line;
	unsigned int count, room;
};

/** Where the arguments of a line are that others than the runner look at. */
enum { DLB_ARG_COUNT = 1 }; /**< of all lines that have a count */

/** Ports and queues as arguments: load-balanced ones by number, directed ones above this. */
#define DLB_SCRIPT_DIRECTED 100

/** Append a line. @return false: no memory */
bool dlb_script_add(struct dlb_script *s, const struct dlb_script_line *line);
/** Copy. @return false: no memory */
bool dlb_script_copy(struct dlb_script *to, const struct dlb_script *from);
void dlb_script_free(struct dlb_script *s);

/** Does this line have a count of what it does, and which is it? */
bool dlb_script_has_count(const struct dlb_script_line *line);

/** One line of text, without an end. @return its length, as snprintf has it */
int dlb_script_print_line(const struct dlb_script_line *line, char *text, size_t len);
/** All lines. */
void dlb_script_print(const struct dlb_script *s, FILE *to);
/**
 * Read a script.
 *
 * @param problem out: what is wrong and where, when the result is false
 */
bool dlb_script_read(struct dlb_script *s, FILE *from, char *problem, size_t len);

/** A script from a seed: the same one each time. @return false: no memory */
bool dlb_script_generate(struct dlb_script *s, uint64_t seed, unsigned int ops);

#endif /* SLIPWAY_DLB_SCRIPT_H */

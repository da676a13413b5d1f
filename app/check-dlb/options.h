/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef CHECK_DLB_OPTIONS_H
#define CHECK_DLB_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct options {
	uint64_t seed;
	unsigned int runs;
	unsigned int ops;     /**< 0: varies from run to run */
	unsigned int seconds; /**< 0: no limit */
	const char *replay;   /**< a script, or NULL */
	const char *save;     /**< directory for failing scripts */
	bool keep_going;
};

/** What to do instead of a run. */
enum options_result { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_WRONG };

enum options_result options_read(struct options *o, int argc, char **argv);

#endif /* CHECK_DLB_OPTIONS_H */

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_TRACE_CONFIG_H
#define SLIPWAY_TRACE_CONFIG_H

/**
 * @file
 * Names of what lies in PCI configuration space. Where the capabilities are is learned from what
 * the program itself read, as it has to walk their lists, too.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACE_CONFIG_BYTES 4096u

/** Configuration space as far as it was seen. */
struct trace_config {
	unsigned char byte[TRACE_CONFIG_BYTES];
	bool seen[TRACE_CONFIG_BYTES];
};

/** Bytes were read or written; those beyond the space are ignored. */
void trace_config_see(struct trace_config *c, uint64_t off, const unsigned char *bytes, size_t len);

/** Name of what lies at an offset: "COMMAND", "MSIX_CONTROL", or "0x6e" where no name is known. */
void trace_config_name(const struct trace_config *c, uint64_t off, char *buf, size_t len);

/** Does writing these bytes start a function-level reset? */
bool trace_config_resets(const struct trace_config *c, uint64_t off, const unsigned char *bytes,
			 size_t len);

#endif /* SLIPWAY_TRACE_CONFIG_H */

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFU_VERSION_H
#define SLIPWAY_VFU_VERSION_H

/**
 * @file
 * The text of a VERSION message, read and answered: what the two ends of a connection can do.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What one end says it can do; what it does not say has the protocol's default. */
struct vfu_capabilities {
	uint32_t max_msg_fds;
	uint32_t max_data_xfer;
	uint32_t max_dma_maps;
	uint64_t pgsizes;
	/** Which of them it named: an answer names no others. */
	bool names_msg_fds, names_data_xfer, names_dma_maps;
	bool write_multiple;
	bool slipway; /**< the other end is one of ours: it named VFU_CAP_SLIPWAY */
	bool share;
	const char *about; /**< of an answer: the text of an object, or NULL */
};

/**
 * Read the text of a VERSION message.
 *
 * @param text the payload behind the version, perhaps empty
 * @param caps out
 * @param why out: what is wrong with it, when something is: at least 160 bytes
 * @return 0, or -EINVAL and `why` filled in
 */
int vfu_version_read(const char *text, size_t len, struct vfu_capabilities *caps, char why[160]);

/**
 * Write the server's answer: only what the client proposed, and no more of it.
 *
 * @param asked what the client said
 * @param granted what the server can do; `about` the text of an object, or NULL
 * @return the text, to be freed, or NULL when memory is short
 */
char *vfu_version_answer(const struct vfu_capabilities *asked,
			 const struct vfu_capabilities *granted);

/** Is it the text of an object? */
bool vfu_version_is_object(const char *text);

#endif /* SLIPWAY_VFU_VERSION_H */

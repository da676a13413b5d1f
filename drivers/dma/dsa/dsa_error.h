/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_ERROR_H
#define SLIPWAY_DSA_ERROR_H

/**
 * @file
 * What the device says of operations, in the words of the DMA device API and of people.
 */

#include <stdint.h>

#include <rte_dmadev.h>

#include "dsa_desc.h"

struct dsa_vchan;

/** The API's status for a completion status; bit 7 does not matter. */
enum rte_dma_status_code dsa_error_status(uint8_t status);

/** What a completion status means; "status not known" for those the datasheet does not have. */
const char *dsa_error_text(uint8_t status);

/** Name of an operation. */
const char *dsa_error_op(unsigned int opcode);

/**
 * An operation has failed: one line, for the 1st, 2nd, 4th, 8th ... of that status on the channel.
 *
 * @param op its number
 */
void dsa_error_log(struct dsa_vchan *v, uint64_t op, const struct dsa_desc *desc,
		   const struct dsa_cr *cr);

/** The same for a batch that was refused, or whose list could not be read. */
void dsa_error_log_batch(struct dsa_vchan *v, uint64_t op, const struct dsa_cr *cr);

/** A shared queue cannot be submitted to, for another reason than that it is full. */
void dsa_error_refused(struct dsa_vchan *v, int error);

/** The work queue takes nothing any more. */
void dsa_error_gone(struct dsa_vchan *v);

#endif /* SLIPWAY_DSA_ERROR_H */

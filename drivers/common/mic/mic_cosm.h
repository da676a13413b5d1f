/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_COSM_H
#define SLIPWAY_MIC_COSM_H

/**
 * @file
 * Where the state of a card of eras C and D comes from: the COSM client on the card, with which
 * whoever carries messages, such as SCIF, connects the card's states (sections 12.3, 12.5, 12.6).
 */

#include <stdint.h>

struct mic_dev;

/** Messages, section 12.5. */
enum mic_cosm_id {
	MIC_COSM_SHUTDOWN,
	MIC_COSM_SYNC_TIME,
	MIC_COSM_HEARTBEAT,
	MIC_COSM_SHUTDOWN_STATUS,
};

/** To the card; 0 or a negative errno. Not called any more once mic_cosm_closed has returned. */
typedef int mic_cosm_send_fn(void *arg, enum mic_cosm_id id, uint64_t first, uint64_t second);

/** A client has connected: 0, or -EINVAL in a state where none is accepted. */
int mic_cosm_connected(struct mic_dev *dev, mic_cosm_send_fn *send, void *arg);
/** A message came. */
void mic_cosm_message(struct mic_dev *dev, enum mic_cosm_id id, uint64_t first);
/** The connection is closed: what the card said of its end counts from now on. */
void mic_cosm_closed(struct mic_dev *dev);

#endif /* SLIPWAY_MIC_COSM_H */

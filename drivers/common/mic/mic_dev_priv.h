/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_DEV_PRIV_H
#define SLIPWAY_MIC_DEV_PRIV_H

/**
 * @file
 * A card, as the files of this directory see it.
 *
 *   mic_dev.c       opened and closed; registers, aperture, host memory
 *   mic_irq.c       interrupts, mic_doorbell.c: doorbells both ways
 *   mic_state.c     states and what leads from one to the other, mic_reset.c: the way through reset
 *   mic_machine.c   what becomes of a card by itself, mic_status.c: how it stands
 *   mic_image.c     what a boot image must be like and where it goes, mic_boot.c: started
 *   mic_page.c      boot parameters in the device page
 *   mic_control.c   the thread that serves all cards
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_log.h>
#include <rte_spinlock.h>

#include "access.h"
#include "mic_control.h"
#include "mic_dev.h"
#include "mic_irq.h"
#include "mic_page.h"
#include "mic_smpt.h"
#include "mic_state_priv.h"

#define MIC_FOLLOWERS 16u

struct mic_follower {
	void (*event)(void *arg, enum mic_dev_event e); /**< NULL: free */
	void *arg;
};

/** What of configuration space is kept, and put back after a reset (U10). */
#define MIC_CONFIG_KEPT 64u

struct mic_dev {
	struct access_dev *access;
	struct access_bar regs; /**< BAR4 */
	bool is_private;        /**< a model: somebody has to let its time pass */
	_Atomic bool lost;
	uint8_t *aperture;
	uint64_t aperture_size;

	/* Cold from here on. */
	const char *name;
	uint16_t device_id;
	uint8_t revision;
	int numa_node;
	unsigned int time_scale;
	uint8_t config[MIC_CONFIG_KEPT];

	rte_spinlock_t smpt_lock;
	struct mic_smpt smpt;

	volatile uint8_t *page; /**< the device page, in memory of DPDK's */
	uint64_t page_mic;      /**< its MIC address */

	struct mic_irq irq;
	_Atomic unsigned int doorbells; /**< that were handed out */
	unsigned int c2h_shutdown_db;
	_Atomic uint64_t rung; /**< doorbells to the card */

	pthread_mutex_t follow_lock; /**< recursive, as that of handlers */
	struct mic_follower followers[MIC_FOLLOWERS];

	struct mic_control control;
	struct mic_control_item item;
	_Atomic bool polled; /**< since the control thread last served: somebody runs the card */
	bool polled_before; /**< the control thread's own: the last time that it looked, too */
	bool talked; /**< the control thread's own: the socket had something, for others perhaps */
	struct mic_machine machine;

	void *dma; /**< who has which channel (mic_dma.c) */

	rte_spinlock_t error_lock;
	char error[MIC_DEV_ERROR]; /**< the last one */
	/* Lines of the card's making in this second. */
	uint64_t card_second; /**< when it began, ns */
	uint32_t card_lines, card_left_out;
};

extern int mic_common_logtype;

/** One line, the device's name in front; the last error is kept. */
#define MIC_DEV_LOG(level, dev, ...) mic_dev_log(dev, RTE_LOG_##level, __VA_ARGS__)
#define MIC_DEV_LOG_CARD(level, dev, ...) mic_dev_log_card(dev, RTE_LOG_##level, __VA_ARGS__)

/** A wait of the datasheet, in ns. */
static inline uint64_t
mic_ns(const struct mic_dev *dev, uint64_t ms)
{
	return ms * UINT64_C(1000000) / dev->time_scale;
}

/** Write the SMPT's registers anew. */
void mic_dev_restore_smpt(struct mic_dev *dev);
/** Write where the device page is. */
void mic_dev_publish_page(struct mic_dev *dev);
/** Put configuration space back where a reset has changed it (U10). */
void mic_dev_restore_config(struct mic_dev *dev);
/** Tell those who follow. No lock is held. */
void mic_dev_tell(struct mic_dev *dev, enum mic_dev_event event);
/** Look whether the card is still there; not while it is being reset. */
bool mic_dev_is_there(struct mic_dev *dev);

/* mic_page.c: boot parameters, section 14.2. */
void mic_page_init(struct mic_dev *dev);
/** The doorbell by which the card wants to be told to shut down; -1: none. Era A. */
int mic_page_shutdown_db(const struct mic_dev *dev);
/** Ask it to. Era A. */
void mic_page_ask_shutdown(struct mic_dev *dev);
/** Take what the card says of its end, enum mic_shutdown; 0: nothing. Era A. */
unsigned int mic_page_take_status(struct mic_dev *dev);

#endif /* SLIPWAY_MIC_DEV_PRIV_H */

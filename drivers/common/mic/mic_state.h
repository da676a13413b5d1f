/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_STATE_H
#define SLIPWAY_MIC_STATE_H

/**
 * @file
 * The life of a card: load, boot, shutdown, reset, suspend (sections 10 to 12), and what becomes of
 * it. What takes time is done by the control thread in steps; who asks may wait for it, even from
 * inside a callback. Everything returns 0 or a negative errno after one log line.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mic_image.h"
#include "mic_page.h"

struct mic_dev;

/** Protocol of the card OS, section 23. */
enum mic_era { MIC_ERA_A, MIC_ERA_C, MIC_ERA_D };

/** States of all eras as one list; enum rte_pmd_mic_state has the same numbers. */
enum mic_state {
	MIC_READY, /**< era A: offline */
	MIC_BOOTING,
	MIC_ONLINE,
	MIC_SHUTTING_DOWN,
	MIC_RESETTING,
	MIC_RESET_FAILED,
	MIC_SUSPENDING,
	MIC_SUSPENDED,
	MIC_LOST,
	MIC_STATES,
};

/** What it is to do. */
struct mic_conf {
	enum mic_era era;
	unsigned int number; /**< of the card, 0..254 */
	bool heartbeat;      /**< eras C, D: watch it */
	/** Boot again when the card asks for it: five times, unless it stays up for a while. */
	bool restart;
	bool boot_on_resume; /**< and after the host has slept, if it was up before */
};

/** How it stands. */
struct mic_status {
	enum mic_state state;
	enum mic_state before; /**< while resetting: what it was */
	enum mic_shutdown shutdown;
	uint32_t post;  /**< the register; as read last, of a card whose process is stopped */
	uint32_t spad2; /**< as well */
	bool loaded;
	uint64_t booted_ns, online_ns; /**< CLOCK_MONOTONIC, 0: not */
	uint64_t boots, resets, reset_failures, crashes, heartbeats, heartbeat_timeouts;
	uint64_t restarts;         /**< that the card has asked for, and was granted */
	uint64_t restarts_refused; /**< after too many of them in a row */
};

/** A state was entered. From the control thread, with no lock held; may call back. */
typedef void mic_state_watch_fn(void *arg, enum mic_state state, enum mic_shutdown shutdown);
void mic_state_watch(struct mic_dev *dev, mic_state_watch_fn *watch, void *arg);

/**
 * -EBUSY while a card OS is up; and where an image is loaded that would be wanted again, and that
 * was not kept when it was loaded.
 */
int mic_state_configure(struct mic_dev *dev, const struct mic_conf *conf);
void mic_state_conf(struct mic_dev *dev, struct mic_conf *conf);
/** At any time. */
void mic_state_set_heartbeat(struct mic_dev *dev, bool watch);

/**
 * Refuse all that mic_state_load would refuse, by the sizes and the first MIC_IMAGE_HEAD bytes of
 * the image: nothing else of it, nor of the ramdisk, has to be there.
 */
int mic_state_may_load(struct mic_dev *dev, const struct mic_image *image);
/** Copy an image to the card; resets a card that is not ready for one. */
int mic_state_load(struct mic_dev *dev, const struct mic_image *image);
/** Start what was loaded. Returns after the boot interrupt. */
int mic_state_boot(struct mic_dev *dev);
/** Ask the card OS to end, and do not wait. -EINVAL, -ENOTCONN: nobody is there to be asked. */
int mic_state_shutdown(struct mic_dev *dev);
/** Ask, wait until it has ended, for a minute at most, then reset. */
int mic_state_stop(struct mic_dev *dev);
/** Reset whatever it does, and wait: -EIO when it does not become ready. */
int mic_state_reset(struct mic_dev *dev);
/** Begin to reset, as a write of "reset" to the attribute `state` does (sections 12.2, 12.3). */
int mic_state_ask_reset(struct mic_dev *dev);
/** Forget images; a card that has one is reset. */
int mic_state_unload(struct mic_dev *dev);
/** Before and after the host sleeps, section 12.9. */
int mic_state_suspend(struct mic_dev *dev);
int mic_state_resume(struct mic_dev *dev);

void mic_state_status(struct mic_dev *dev, struct mic_status *status);
/** Wait until a state is entered: 0, -ETIMEDOUT, -ENODEV when the card is lost. Logs nothing. */
int mic_state_wait(struct mic_dev *dev, enum mic_state state, uint64_t ns);

/** Names and numbers of section 12.1; -1 for a state that the era has no number for. */
const char *mic_state_name(enum mic_era era, enum mic_state state);
int mic_state_number(enum mic_era era, const struct mic_status *status);
const char *mic_shutdown_name(enum mic_shutdown shutdown);

/**
 * The log of the card OS (section 12.8), by the addresses that its kernel has for the text and for
 * the length of it; nothing in states without a card OS.
 *
 * @return bytes written to `text`, or -EINVAL for what does not lie in the card's memory
 */
int mic_state_log(struct mic_dev *dev, uint64_t buf_addr, uint64_t len_addr, char *text,
		  uint32_t size);

#endif /* SLIPWAY_MIC_STATE_H */

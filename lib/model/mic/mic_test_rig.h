/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_TEST_RIG_H
#define SLIPWAY_MIC_TEST_RIG_H

/**
 * @file
 * A MIC on a test bench: the host's side through the bus contract, registers by their rows, time by
 * hand. Knows of no test framework.
 */

#include "mic_boot.h"
#include "mic_model.h"
#include "test_host.h"

#define RIG_GDDR_BYTES  (UINT64_C(32) << 20)
#define RIG_HOST_BYTES  (1u << 20)
/** Where an image goes on a card of that size. */
#define RIG_LOAD        (UINT32_C(4) << 20)
/** COMMAND of a card that may be reached and may reach memory. */
#define RIG_COMMAND_ON  0x0006u
#define RIG_MS          UINT64_C(1000000)

struct rig {
	struct test_host host;
	struct bus_host_ops ops;
	struct bus_device *dev;
	uint8_t *gddr;
	bool lent; /**< by the caller */
	uint64_t now;
	unsigned int irqs[MIC_VECTORS];
};

/**
 * A bench with a card that has just been switched on and may be reached: no step has come. Its
 * memory is new, or what `config` has, RIG_GDDR_BYTES of zeroes.
 */
int rig_open(struct rig *r, const struct mic_model_config *config);
/** With so much memory of the host, in whole pages. */
int rig_open_sized(struct rig *r, const struct mic_model_config *config, size_t bytes);
/** Take it down. Returns the card's stray count. */
uint64_t rig_close(struct rig *r);

/** The same as a test framework calls it: one bench at a time, in *state; 0 when all is well. */
int rig_setup(void **state);
int rig_setup_as(void **state, const struct mic_model_config *config);
/** With no stray access. */
int rig_teardown(void **state);

uint32_t rig_config_read(struct rig *r, uint16_t off, unsigned int size);
void rig_config_write(struct rig *r, uint16_t off, unsigned int size, uint32_t value);
/** A register of the host's, by its offset in BAR4. */
uint32_t rig_read(struct rig *r, uint32_t off);
void rig_write(struct rig *r, uint32_t off, uint32_t value);
/** MSI-X on, all vectors unmasked. */
void rig_msix(struct rig *r);

/** Time goes on; when the card wants to be called again. */
uint64_t rig_pass(struct rig *r, uint64_t ns);
/** Time until the card is ready: false when it never is. */
bool rig_ready(struct rig *r);
/** The two characters of the POST code. */
const char *rig_post(struct rig *r, char code[3]);

/** An image as a driver puts it: command line behind it, a ramdisk if `ramdisk` is not 0. */
void rig_image(struct rig *r, uint32_t size, const char *cmdline, uint32_t ramdisk);
/** The boot interrupt, and a step. */
void rig_boot(struct rig *r);
/** All of that: false when it does not run. */
bool rig_start(struct rig *r);

/** Vectors raised since the last time, a bit each; more than one of a vector count once. */
uint16_t rig_irqs(struct rig *r);
/** Memory of the host, and its bus address. */
void *rig_memory(struct rig *r, size_t off);
uint64_t rig_iova(size_t off);

#endif /* SLIPWAY_MIC_TEST_RIG_H */

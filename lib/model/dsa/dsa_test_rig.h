/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_TEST_RIG_H
#define SLIPWAY_DSA_TEST_RIG_H

/**
 * @file
 * A DSA on a test bench, through the bus contract and nothing else: registers by their rows where
 * the device says they are, commands, work queues, descriptors. Knows of no test framework.
 */

#include "dsa_layout.h"
#include "dsa_model.h"
#include "dsa_desc.h"
#include "test_host.h"

#define RIG_VECTORS 65
/** Capabilities of configuration space, section 2.4. */
#define RIG_PCIE    0x40
#define RIG_MSIX    0x80
#define RIG_ATS     0x220
#define RIG_PASID   0x230
#define RIG_PRS     0x240
/** COMMAND of a device that may be reached and may reach memory. */
#define RIG_COMMAND_ON 0x0006u
/** A command that has not ended after so many steps never does. */
#define RIG_STEPS 100000u

struct rig {
	struct test_host host;
	struct bus_device *dev;
	struct dsa_layout layout;
	struct bus_host_ops ops;
	unsigned int irqs[RIG_VECTORS];
};

/** A bench with a device that answers, MSI-X on and unmasked. 0 or a negative errno. */
int rig_open(struct rig *r, const struct dsa_model_config *config);
/** With so much memory, in whole pages. */
int rig_open_sized(struct rig *r, const struct dsa_model_config *config, size_t bytes);
/** Take it down. Returns the device's stray count. */
uint64_t rig_close(struct rig *r);

/** The same as a test framework calls it: one bench at a time, in *state; 0 when all is well. */
int rig_setup_as(void **state, const struct dsa_model_config *config);
int rig_setup_1(void **state); /**< version 1.0 */
int rig_setup_2(void **state); /**< version 2.0 */
/** With no stray access. */
int rig_teardown(void **state);
/** What an enumeration does: COMMAND, MSI-X, where tables are. */
void rig_start(struct rig *r);

uint32_t rig_config_read(struct rig *r, uint16_t off, unsigned int size);
void rig_config_write(struct rig *r, uint16_t off, unsigned int size, uint32_t value);
/** PASID with privileged mode, ATS, and page requests. */
void rig_sva(struct rig *r, bool pasid, bool ats, bool prs);

bool rig_has(const struct rig *r, enum dsa_reg row);
uint64_t rig_offset(const struct rig *r, enum dsa_reg row, uint32_t i, uint32_t word);
/** By the width of the register. */
uint64_t rig_read(struct rig *r, enum dsa_reg row, uint32_t i);
void rig_write(struct rig *r, enum dsa_reg row, uint32_t i, uint64_t value);
/** Change a field: read, modify, write. */
void rig_field(struct rig *r, enum dsa_reg row, uint32_t i, unsigned int hi, unsigned int lo,
	       uint64_t value);
#define RIG_FIELD(r, reg, i, field, value)                                                         \
	rig_field(r, DSA_##reg, i, DSA_##reg##_##field##_HI, DSA_##reg##_##field##_LO, value)

void rig_step(struct rig *r);
/** Until there is nothing to do at once. */
void rig_settle(struct rig *r);
/** Write CMD, wait for it: the error; UINT8_MAX + 1 when it never ends. */
unsigned int rig_command(struct rig *r, enum dsa_command code, uint32_t operand);

/** How a work queue is configured. */
struct rig_wq {
	bool shared;
	unsigned int size, threshold, group;
	bool pasid_enable;
	uint32_t pasid;
};
/** Its registers, and its bit in its group; the device is Disabled. */
void rig_wq(struct rig *r, unsigned int wq, const struct rig_wq *how);
/** Engine `e` into group `g`. */
void rig_engine(struct rig *r, unsigned int e, unsigned int g);
/** One dedicated WQ of `size` in group 0 with engine 0, all enabled. 0 or the first error. */
unsigned int rig_ready(struct rig *r, unsigned int size);
unsigned int rig_wq_state(struct rig *r, unsigned int wq);

/** Memory of the host at an offset, and its address as the device says it. */
void *rig_memory(struct rig *r, size_t off);
uint64_t rig_iova(size_t off);
/** A memory move that asks for a completion record. */
struct dsa_desc rig_move(size_t dst, size_t src, uint32_t size, size_t cr);
void rig_post(struct rig *r, unsigned int wq, const struct dsa_desc *desc);
int rig_submit(struct rig *r, unsigned int wq, const struct dsa_desc *desc, uint32_t pasid);

#endif /* SLIPWAY_DSA_TEST_RIG_H */

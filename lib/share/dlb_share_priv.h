/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_SHARE_PRIV_H
#define SLIPWAY_DLB_SHARE_PRIV_H

/**
 * @file
 * What the files of a shared device have in common.
 *
 * A share keeps a register file of its own, in which is what its client wrote where the device is
 * told otherwise: a port's domain, say, reads as the client left it while the device always has the
 * share's. All else is in the device alone.
 */

#include "dlb_hcw.h"
#include "dlb_pci.h"
#include "dlb_pool.h"
#include "dlb_share.h"
#include "line_ring.h"
#include "regfile.h"

#define DLB_SHARE_PORTS (DLB_LDB_PORTS + DLB_DIR_PORTS_MAX)

/** Registers of ports, by kind: [0] load-balanced, [1] directed. */
struct dlb_port_rows {
	enum dlb_reg valid, vas, cq_vas, pasid, disabled, wptr, tokens, ring_code, token_code;
	enum dlb_reg isr, message, message_addr, message_addr_l, interrupt, watchdog;
};
extern const struct dlb_port_rows dlb_port_rows[2];

struct dlb_share {
	struct bus_device dev;
	struct dlb_hub *hub;
	struct bus_host *host; /**< of its client, NULL: nobody */
	uint8_t domain;
	bool draining;         /**< what its CQs get goes nowhere */
	bool dead;             /**< it could not be reset */
	bool answers, may_master; /**< its client has memory and bus master on */
	struct regfile *regs;
	struct pci_config pci;
	uint32_t credits[2]; /**< given to its domain: [0] load-balanced or all, [1] directed */
	uint32_t history[2]; /**< first and last entry */
	bool alarm_due;      /**< vector 0 is to fire after an acknowledge */

	/* Producer rings, in the order of its ports: load-balanced, directed. */
	struct line_ring *rings;
	int ring_fd;
	unsigned int nb_rings;

	uint64_t refused;
	bool complained; /**< since its last reset */
	char *about;
};

struct dlb_hub {
	struct bus_host host;
	struct bus_device *dev, *model;
	enum dlb_version version;
	unsigned int dir_ports;
	unsigned int domains;
	void (*log)(void *arg, const char *line);
	void (*drains)(void *arg, bool begins);
	void *arg;
	struct dlb_pool pool; /**< who has what */
	struct dlb_share share[DLB_DOMAINS];
	bool alarm; /**< the device has one to tell */
	bool failed;
	uint64_t now_ns;
	struct line_ring *quiet_rings; /**< of ports whose share is being reset */
	void *nowhere;                 /**< what those shares' CQs are written to */
};

/* dlb_share.c */

extern const struct bus_device_ops dlb_share_ops;

/* dlb_share_reg.c: registers of the device, by row */

bool dlb_hub_has(const struct dlb_hub *hub, enum dlb_reg row);
uint32_t dlb_hub_read(struct dlb_hub *hub, enum dlb_reg row, uint32_t i);
void dlb_hub_write(struct dlb_hub *hub, enum dlb_reg row, uint32_t i, uint32_t value);
uint32_t dlb_hub_read_at(struct dlb_hub *hub, struct reg_at at);
void dlb_hub_write_at(struct dlb_hub *hub, struct reg_at at, uint32_t value);
/** Instances of a row, and words of each, in this version. */
uint32_t dlb_hub_count(const struct dlb_hub *hub, enum dlb_reg row);
uint32_t dlb_hub_words(enum dlb_reg row);
uint32_t dlb_hub_reset_value(const struct dlb_hub *hub, enum dlb_reg row);
enum reg_access dlb_hub_access(enum dlb_reg row);
const char *dlb_hub_name(enum dlb_reg row);
struct regfile *dlb_share_regs_create(struct dlb_share *s);
/** What the client wrote, by the register's access rule. */
void dlb_share_keep(struct dlb_share *s, struct reg_at at, uint32_t value);

/* dlb_share_rules.c: what a share may do to which register */

/** Does the share have what this instance of a register is about? */
bool dlb_share_owns(const struct dlb_share *s, struct reg_at at);
/** Is the row about an object that belongs to one share at a time? */
bool dlb_share_is_object(enum dlb_reg row);
/** Read for the client. */
uint32_t dlb_share_read(struct dlb_share *s, struct reg_at at);
/** Write for the client: false when it is refused. */
bool dlb_share_write(struct dlb_share *s, struct reg_at at, uint32_t value);

/* dlb_share_value.c: writes whose value counts; each as dlb_share_write */

typedef bool dlb_share_writer(struct dlb_share *s, struct reg_at at, uint32_t value);
dlb_share_writer dlb_write_vas, dlb_write_pasid, dlb_write_zero, dlb_write_owner, dlb_write_valid,
	dlb_write_disabled, dlb_write_history, dlb_write_pointer, dlb_write_slots,
	dlb_write_queue_side, dlb_write_sn_map, dlb_write_queue_cfg, dlb_write_credits,
	dlb_write_atomic, dlb_write_bits, dlb_write_sched_ctrl, dlb_write_opt_clr;
/** Bits of a register with one for each port that are the share's. */
uint32_t dlb_share_bits(const struct dlb_share *s, enum dlb_reg row);
/** Tell the device what a port's registers say, as far as COMMAND lets it. */
void dlb_share_gate(struct dlb_share *s, bool directed, uint32_t i);

/* dlb_share_irq.c: interrupts and alarms */

dlb_share_writer dlb_write_isr, dlb_write_mask, dlb_write_ack;
/** A CQ's message arrived. */
void dlb_share_message(struct dlb_hub *hub, uint32_t data);
/** Something that masks vectors may have gone. */
void dlb_share_unmasked(struct dlb_share *s);
/** Hand alarms of the device to the shares they are about. */
void dlb_hub_alarms(struct dlb_hub *hub);

/* dlb_share_reset.c */

/**
 * Reset the share: datasheet section 8.1, and its configuration space.
 *
 * @param anew its client is gone: the next one gets other rings
 */
void dlb_share_reset(struct dlb_share *s, bool anew);
/** Name the share where the device has to know it, whatever clients write. */
void dlb_share_pin(struct dlb_share *s);

/* ... and its steps: the share is being reset. */
void dlb_share_let_time_pass(struct dlb_share *s);
void dlb_share_post_line(struct dlb_share *s, bool directed, uint32_t i,
			 const struct dlb_qe line[DLB_LINE_HCWS]);
/** Section 8.2: return tokens, and complete. */
void dlb_share_port_drain(struct dlb_share *s, bool directed, uint32_t i);
/** Have a CQ take as much as can be, whatever the client made of it. */
void dlb_share_cq_open(struct dlb_share *s, bool directed, uint32_t i);

/* dlb_share_disarm.c */

/** Take back interrupts that are armed; the share is empty. */
void dlb_share_disarm(struct dlb_share *s);

/* dlb_share_ring.c */

/** Rings in new memory, of a file of their own: 0 or -ENOMEM, the share then keeps the old ones. */
int dlb_share_rings_renew(struct dlb_share *s);
/** Have the device look at the share's rings, or at others meanwhile. */
void dlb_share_rings_set(struct dlb_share *s, bool quiet);
void dlb_share_rings_free(struct dlb_share *s);
/** Describe the share's bars. */
int dlb_share_describe(struct dlb_share *s, struct bus_region regions[], unsigned int max);

/* dlb_share_about.c */

/** Write down what the share has: NULL when memory is short. */
char *dlb_share_about(const struct dlb_share *s);

/* dlb_hub.c */

/** Set up what all shares have in common: -EIO after a log line. */
int dlb_hub_bring_up(struct dlb_hub *hub);
/** No client is left, and a share could not be reset: reset everything. */
void dlb_hub_revive(struct dlb_hub *hub);
__attribute__((format(printf, 2, 3))) void dlb_hub_say(struct dlb_hub *hub, const char *format,
						       ...);

/** Does the share have load-balanced port, or queue, or directed pair, i? */
static inline bool
dlb_share_has_port(const struct dlb_share *s, bool directed, uint32_t i)
{
	const struct dlb_pool *pool = &s->hub->pool;

	if (directed)
		return i < s->hub->dir_ports && pool->dir_ports[i] == s->domain;
	return i < DLB_LDB_PORTS && pool->ldb_ports[i] == s->domain;
}

static inline bool
dlb_share_has_queue(const struct dlb_share *s, uint32_t i)
{
	return i < DLB_LDB_QUEUES && s->hub->pool.ldb_queues[i] == s->domain;
}

static inline bool
dlb_share_has_slot(const struct dlb_share *s, uint32_t group, uint32_t slot)
{
	return group < DLB_SN_GROUPS && slot < DLB_SN_SLOTS &&
	       s->hub->pool.windows[group][slot] == s->domain;
}

/** Has a client begun to use it? */
static inline bool
dlb_share_in_use(const struct dlb_share *s)
{
	return pci_config_get(&s->pci, PCI_CFG_COMMAND, 2) != 0;
}

#endif /* SLIPWAY_DLB_SHARE_PRIV_H */

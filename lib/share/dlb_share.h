/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_SHARE_H
#define SLIPWAY_DLB_SHARE_H

/**
 * @file
 * One DLB for several clients that know nothing of each other: the place a kernel driver has on
 * silicon, datasheet section 11. The device is split when it is made; each share is one scheduling
 * domain with ports, queues, credits, history entries, atomic entries and sequence numbers of its
 * own, and looks to its client like the whole device, of which only that much may be used.
 *
 *   client 0 --- host 0 <--- share 0 ---+                        +--- share's own host, by the
 *   client 1 --- host 1 <--- share 1 ---+--- hub ---> the device +    PASID of the CQ that writes
 *                                        what a share may not is refused
 *
 * What belongs to others reads as zero, and what is written to it is dropped; each such access is
 * counted, and the first one after each reset is told in a log line. Registers that the whole device
 * has once show its values and stay as they are. A share that is reset leaves no trace for the next
 * client, and the others do not notice.
 *
 * The shares and the hub are called by one thread.
 */

#include "bus.h"
#include "dlb_regs.h"
#include "dlb_request.h"

struct dlb_hub;

/** How to split a device. */
struct dlb_hub_config {
	enum dlb_version version;
	unsigned int domains; /**< 1..32 */
	/**
	 * What each domain is to have, one after the other; of what is not said, an even part of
	 * what the others left. NULL: an even part of everything.
	 */
	const struct dlb_request *requests;
	/**
	 * Queues of each domain that can order: 1..32 in all domains together, 0 for 4 or as many as
	 * there are. The more, the fewer sequence numbers has each.
	 */
	unsigned int ordered;
	void (*log)(void *arg, const char *line); /**< one line, without newline; NULL: nobody */
	/**
	 * A domain begins to be emptied, or is: whoever stands before the device has to let its
	 * registers be what they are written meanwhile. May be NULL.
	 */
	void (*drains)(void *arg, bool begins);
	void *arg;
};

/**
 * Work out who gets what. No device is there yet.
 *
 * @return 0, -EINVAL after one log line when there is not as much as is asked for, -ENOMEM
 */
int dlb_hub_create(const struct dlb_hub_config *config, struct dlb_hub **hub);

/** The device, if any, is its owner's. NULL is allowed. */
void dlb_hub_destroy(struct dlb_hub *hub);

/** What the device is to be plugged into. */
struct bus_host *dlb_hub_host(struct dlb_hub *hub);

/**
 * The device, made for that host: it is switched on, and set up as far as all shares have it in
 * common. Once, before any share is used.
 *
 * @param model the same, where `dev` passes everything on to it (bus_trace.h)
 * @return 0, or -EIO after one log line
 */
int dlb_hub_plug(struct dlb_hub *hub, struct bus_device *dev, struct bus_device *model);

/** A share: a device of the bus contract, valid until the hub is destroyed. */
struct bus_device *dlb_hub_share(struct dlb_hub *hub, unsigned int domain);

/** What a share is plugged into; before its first use. */
void dlb_hub_share_host(struct dlb_hub *hub, unsigned int domain, struct bus_host *host);

/** What a share has: a JSON object, for the handshake of a socket. */
const char *dlb_hub_about(const struct dlb_hub *hub, unsigned int domain);

/**
 * A number that changes when a client posts a line into one of its rings: for whoever decides when
 * to look next.
 */
uint32_t dlb_hub_posted(const struct dlb_hub *hub);

/**
 * Lines that the client of a port has posted into its ring, modulo 2^32.
 *
 * @param port load-balanced ports, then directed ones from DLB_LDB_PORTS on
 */
uint32_t dlb_hub_lines(const struct dlb_hub *hub, uint32_t port);

/** Accesses of a share's clients that were refused, ever. */
uint64_t dlb_hub_refused(const struct dlb_hub *hub, unsigned int domain);

/**
 * A domain could not be reset: it is out of service, and nobody new gets one, until all clients are
 * gone. Then the device is reset (KR15).
 */
bool dlb_hub_failed(const struct dlb_hub *hub);

#endif /* SLIPWAY_DLB_SHARE_H */

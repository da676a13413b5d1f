/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The function-level reset of a probe, datasheet section 1.4. It wipes the configuration space too,
 * so that what the kernel had set up there is read before and written back after it.
 */

#include <errno.h>

#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_errno.h>

#include "dlb_flr.h"

/* Header. */
#define HEADER_DWORDS     16
#define COMMAND           0x04
#define COMMAND_INTX_OFF  0x0400
#define STATUS            0x06
#define STATUS_HAS_LIST   0x0010
#define FIRST_CAPABILITY  0x34
#define COMMAND_DWORD     1
#define FIRST_ADDRESS     0x40  /* of a capability */
#define FIRST_EXTENDED    0x100 /* of an extended one */
#define CONFIG_BYTES      4096
#define CAPABILITY_ALIGN  4
#define EXTENDED_ID(head) ((head)&0xffff)
#define EXTENDED_NEXT(h)  ((h) >> 20 & 0xffc)

/* Capabilities, and what is touched in them. */
#define PCIE                 0x10
#define PCIE_DEVICE          0x04
#define PCIE_DEVICE_FLR      0x10000000
#define PCIE_CONTROL         0x08
#define PCIE_CONTROL_FLR     0x8000
#define PCIE_STATUS          0x0a
#define PCIE_STATUS_PENDING  0x0020
#define PCIE_LINK_CONTROL    0x10
#define PCIE_CONTROL2        0x28
#define PCIE_LINK_CONTROL2   0x30
#define MSIX                 0x11
#define MSIX_CONTROL         0x02
#define MSIX_CONTROL_ENABLE  0x8000
#define MSIX_CONTROL_MASK    0x4000
#define AER                  0x0001
#define AER_UNCORRECTABLE    0x04
#define AER_CORRECTABLE      0x10
#define ACS                  0x000d
#define ACS_SERVICES         0x04
#define ACS_CONTROL          0x06
#define ACS_SOURCE_VALID     0x0001
#define ACS_REQUEST_REDIRECT 0x0004
#define ACS_COMPLETE_REDIR   0x0008
#define ACS_UPSTREAM         0x0010
#define ACS_EGRESS           0x0020
#define PRI                  0x0013
#define PRI_CONTROL          0x04
#define PRI_ALLOCATION       0x0c
#define PASID                0x001b
#define PASID_CONTROL        0x06

/* Requests of the device that are still under way get 100 ms, then twice as long, four times. */
#define PENDING_TRIES   4
#define PENDING_WAIT_MS 100

/* Words of the PCI Express capability that a reset wipes; an endpoint has no more. */
static const uint8_t pcie_words[] = {
	PCIE_CONTROL,
	PCIE_LINK_CONTROL,
	PCIE_CONTROL2,
	PCIE_LINK_CONTROL2,
};

/* A reset under way. Once an access has failed, the others are left out. */
struct flr {
	struct access_dev *access;
	int error;
	uint16_t pcie, msix, aer, acs, pri, pasid; /* capabilities, 0 for none */
	uint32_t header[HEADER_DWORDS];
	uint32_t pcie_words[RTE_DIM(pcie_words)];
	uint32_t pri_control, pri_allocation;
};

static uint32_t
get(struct flr *f, uint16_t off, unsigned int size)
{
	uint32_t value = 0;

	if (f->error == 0)
		f->error = access_config_read(f->access, off, &value, size);
	return f->error == 0 ? rte_le_to_cpu_32(value) : 0;
}

static void
put(struct flr *f, uint16_t off, unsigned int size, uint32_t value)
{
	value = rte_cpu_to_le_32(value);
	if (f->error == 0)
		f->error = access_config_write(f->access, off, &value, size);
}

/* ---- Capabilities ---- */

static uint16_t
find_capability(struct flr *f, uint8_t id)
{
	unsigned int left = (FIRST_EXTENDED - FIRST_ADDRESS) / CAPABILITY_ALIGN;
	uint32_t at, head;

	if (!(get(f, STATUS, 2) & STATUS_HAS_LIST))
		return 0;
	/* A list that runs in circles ends too. */
	for (at = get(f, FIRST_CAPABILITY, 1); at >= FIRST_ADDRESS && left != 0; left--) {
		at &= ~(CAPABILITY_ALIGN - 1);
		head = get(f, (uint16_t)at, 2);
		if ((head & 0xff) == id)
			return (uint16_t)at;
		at = head >> 8;
	}
	return 0;
}

static uint16_t
find_extended(struct flr *f, uint16_t id)
{
	unsigned int left = (CONFIG_BYTES - FIRST_EXTENDED) / CAPABILITY_ALIGN;
	uint32_t at, head;

	for (at = FIRST_EXTENDED; at >= FIRST_EXTENDED && left != 0; left--) {
		head = get(f, (uint16_t)at, 4);
		/* All zeros or all ones: there are none at all. */
		if (head == 0 || head == UINT32_MAX)
			return 0;
		if (EXTENDED_ID(head) == id)
			return (uint16_t)at;
		at = EXTENDED_NEXT(head);
	}
	return 0;
}

static void
find_all(struct flr *f)
{
	f->pcie = find_capability(f, PCIE);
	f->msix = find_capability(f, MSIX);
	f->aer = find_extended(f, AER);
	f->acs = find_extended(f, ACS);
	f->pri = find_extended(f, PRI);
	f->pasid = find_extended(f, PASID);
}

/* ---- Steps of section 1.4, in its order ---- */

static void
save(struct flr *f)
{
	unsigned int i;

	for (i = 0; i < HEADER_DWORDS; i++)
		f->header[i] = get(f, (uint16_t)(i * 4), 4);
	for (i = 0; i < RTE_DIM(pcie_words); i++)
		f->pcie_words[i] = get(f, f->pcie + pcie_words[i], 2);
	if (f->pri != 0) {
		f->pri_control = get(f, f->pri + PRI_CONTROL, 2);
		f->pri_allocation = get(f, f->pri + PRI_ALLOCATION, 4);
	}
}

static bool
is_pending(struct flr *f)
{
	return get(f, f->pcie + PCIE_STATUS, 2) & PCIE_STATUS_PENDING;
}

/* No new requests, and those under way answered. */
static bool
quiesce(struct flr *f)
{
	unsigned int try;

	put(f, COMMAND, 2, 0);
	for (try = 0; is_pending(f); try++) {
		if (try == PENDING_TRIES)
			return false;
		rte_delay_us_sleep((PENDING_WAIT_MS << try) * 1000);
	}
	return true;
}

static void
reset(struct flr *f)
{
	uint32_t control = get(f, f->pcie + PCIE_CONTROL, 2);

	put(f, f->pcie + PCIE_CONTROL, 2, control | PCIE_CONTROL_FLR);
	access_reset_wait(f->access);
}

/* What reports errors of before, written back: a one clears. */
static void
clear_errors(struct flr *f)
{
	if (f->aer == 0)
		return;
	put(f, f->aer + AER_CORRECTABLE, 4, get(f, f->aer + AER_CORRECTABLE, 4));
	put(f, f->aer + AER_UNCORRECTABLE, 4, get(f, f->aer + AER_UNCORRECTABLE, 4));
}

/* Addresses first, so that nothing answers at a wrong one when COMMAND comes. */
static void
restore_header(struct flr *f)
{
	unsigned int i;

	for (i = HEADER_DWORDS - 1; i > COMMAND_DWORD; i--)
		put(f, (uint16_t)(i * 4), 4, f->header[i]);
	put(f, COMMAND, 2, (uint16_t)f->header[COMMAND_DWORD] & ~COMMAND_INTX_OFF);
}

static void
restore(struct flr *f)
{
	unsigned int i;

	for (i = 0; i < RTE_DIM(pcie_words); i++)
		put(f, f->pcie + pcie_words[i], 2, f->pcie_words[i]);
	if (f->pri != 0) {
		put(f, f->pri + PRI_ALLOCATION, 4, f->pri_allocation);
		put(f, f->pri + PRI_CONTROL, 2, f->pri_control);
	}
	clear_errors(f);
	restore_header(f);
}

/* Enabled while masked, so that no vector goes out in between. */
static void
enable_msix(struct flr *f)
{
	uint32_t control;

	if (f->msix == 0)
		return;
	control = get(f, f->msix + MSIX_CONTROL, 2) | MSIX_CONTROL_ENABLE;
	put(f, f->msix + MSIX_CONTROL, 2, control | MSIX_CONTROL_MASK);
	put(f, f->msix + MSIX_CONTROL, 2, control & ~MSIX_CONTROL_MASK);
}

/* Steps 15 and 16 in one: sources are checked and requests go up, but none is turned back. */
static void
set_access_control(struct flr *f)
{
	uint32_t control, services;

	if (f->acs == 0)
		return;
	services = get(f, f->acs + ACS_SERVICES, 2) & (ACS_SOURCE_VALID | ACS_UPSTREAM);
	control = get(f, f->acs + ACS_CONTROL, 2);
	control &= ~(ACS_REQUEST_REDIRECT | ACS_COMPLETE_REDIR | ACS_EGRESS);
	put(f, f->acs + ACS_CONTROL, 2, control | services);
}

int
dlb_flr(struct dlb *dlb)
{
	struct flr f = {.access = dlb->access};

	find_all(&f);
	if (f.error == 0 &&
	    (f.pcie == 0 || !(get(&f, f.pcie + PCIE_DEVICE, 4) & PCIE_DEVICE_FLR))) {
		DLB_LOG(ERR, dlb->name,
			"no function-level reset offered in its configuration "
			"space; a DLB has one");
		return -ENOTSUP;
	}
	save(&f);
	if (!quiesce(&f)) {
		DLB_LOG(ERR, dlb->name, "reset: requests of the device still unanswered");
		restore_header(&f);
		return -EBUSY;
	}
	reset(&f);
	restore(&f);
	enable_msix(&f);
	set_access_control(&f);
	if (f.pasid != 0)
		put(&f, f.pasid + PASID_CONTROL, 2, 0);
	if (f.error != 0)
		DLB_LOG(ERR, dlb->name, "reset: configuration space cannot be accessed: %s",
			rte_strerror(-f.error));
	return f.error;
}

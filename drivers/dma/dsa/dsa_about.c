/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* A device that another process serves: all of it, or one work queue that the server has set up.
 *
 *   {"device":"dsa","version":"1.0"}
 *   {"device":"dsa","version":"1.0","wq":3,"mode":"shared","size":16,"threshold":12,
 *    "max_transfer":2147483648,"max_batch":1024,"pasid":2}
 *
 * A server may be anybody: nothing it says is used unchecked.
 */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <jansson.h>

#include <rte_byteorder.h>
#include <rte_common.h>

#include "dsa_hw.h"

/* As configuration space begins. */
#define VENDOR 0x8086
static const uint16_t device_ids[] = {0x0b25, 0x11fb, 0x1212};

static int
check_id(const struct dsa *dsa)
{
	uint16_t id[2] = {0};
	size_t i;
	int ret = access_config_read(dsa->access, 0, id, sizeof(id));

	for (i = 0; i < RTE_DIM(device_ids) && ret == 0; i++) {
		if (rte_le_to_cpu_16(id[0]) == VENDOR &&
		    rte_le_to_cpu_16(id[1]) == device_ids[i])
			return 0;
	}
	DSA_LOG(ERR, dsa->name,
		"the server at %s has device %04x:%04x; accepted: 8086:0b25, 8086:11fb, 8086:1212",
		dsa->args.path, rte_le_to_cpu_16(id[0]), rte_le_to_cpu_16(id[1]));
	return -ENODEV;
}

static bool
read_number(const json_t *about, const char *key, uint64_t min, uint64_t max, uint64_t *number)
{
	const json_t *value = json_object_get(about, key);

	*number = (uint64_t)json_integer_value(value);
	return json_is_integer(value) && json_integer_value(value) >= 0 && *number >= min &&
	       *number <= max;
}

/* Largest power of two in it. */
static uint64_t
round_down(uint64_t n)
{
	return UINT64_C(1) << (63 - __builtin_clzll(n));
}

static bool
read_mode(const json_t *about, struct dsa_wq *wq)
{
	const char *mode = json_string_value(json_object_get(about, "mode"));

	if (mode == NULL || (strcmp(mode, "shared") != 0 && strcmp(mode, "dedicated") != 0))
		return false;
	wq->dedicated = strcmp(mode, "dedicated") == 0;
	wq->how = wq->dedicated ? DSA_WQ_POST : DSA_WQ_SUBMIT;
	return true;
}

/* The key of the first thing that is not as it should be, or NULL. */
static const char *
read_wq(const json_t *about, struct dsa_wq *wq)
{
	uint64_t n;

	if (!read_number(about, "wq", 0, DSA_WQS - 1, &n))
		return "wq";
	wq->id = (unsigned int)n;
	if (!read_mode(about, wq))
		return "mode";
	if (!read_number(about, "size", 1, UINT16_MAX, &n))
		return "size";
	wq->size = (uint32_t)n;
	if (!read_number(about, "threshold", 0, UINT16_MAX, &n))
		return "threshold";
	wq->threshold = (uint32_t)n;
	if (!read_number(about, "max_transfer", 1, UINT64_C(1) << 31, &n))
		return "max_transfer";
	wq->max_transfer = round_down(n);
	if (!read_number(about, "max_batch", 1, 1u << 15, &n))
		return "max_batch";
	wq->max_batch = (uint32_t)round_down(n);
	if (!read_number(about, "pasid", 0, DSA_PASID_MASK, &n))
		return "pasid";
	wq->pasid = (uint32_t)n;
	return NULL;
}

/* Capabilities can be read there; the rest of the registers is the server's. */
static void
learn_caps(struct dsa *dsa, struct dsa_wq *wq)
{
	struct dsa_caps *caps = &dsa->caps;
	unsigned int i;

	dsa->regs = access_bar(dsa->access, REG_BAR_0);
	caps->version = (uint32_t)dsa_reg_read(dsa, DSA_VERSION, 0, 0);
	caps->gencap = dsa_reg_read(dsa, DSA_GENCAP, 0, 0);
	for (i = 0; i < RTE_DIM(caps->opcap); i++)
		caps->opcap[i] = dsa_reg_read(dsa, (enum dsa_reg)(DSA_OPCAP0 + i), 0, 0);
	wq->gencap = caps->gencap;
	memcpy(wq->opcap, caps->opcap, sizeof(wq->opcap));
	caps->wqs = 1;
	caps->wq_total = wq->size;
	caps->max_batch = wq->max_batch;
	caps->max_transfer = wq->max_transfer;
}

/* What one client settles would hold for all. */
static int
check_args(const struct dsa *dsa)
{
	if (dsa->args.config_said[0] == '\0')
		return 0;
	DSA_LOG(ERR, dsa->name,
		"device argument %s: the server at %s has settled that for its work queue; "
		"accepted: with a whole device",
		dsa->args.config_said, dsa->args.path);
	return -EINVAL;
}

/* The state of the queue is the server's to know; that there is a server can be seen. */
static bool
is_served(const struct dsa_wq *wq)
{
	return !access_is_lost(wq->access);
}

static int
take_wq(struct dsa *dsa, const json_t *about)
{
	struct dsa_wq *wq = &dsa->wqs[0];
	const char *wrong;

	*wq = (struct dsa_wq){.fd = -1, .access = dsa->access, .enabled = is_served};
	wrong = read_wq(about, wq);
	if (wrong != NULL) {
		DSA_LOG(ERR, dsa->name,
			"the server at %s does not say what its work queue is: %s; accepted: one "
			"of slipway",
			dsa->args.path, wrong);
		return -EPROTO;
	}
	wq->bar = access_bar(dsa->access, REG_BAR_2);
	wq->portal = DSA_PORTAL_OFFSET(wq->id, DSA_PORTAL_LIMITED);
	dsa->nb_wqs = 1;
	learn_caps(dsa, wq);
	return check_args(dsa);
}

int
dsa_about_learn(struct dsa *dsa)
{
	const char *text = access_about(dsa->access);
	json_t *about = text != NULL ? json_loads(text, 0, NULL) : NULL;
	int ret = dsa->args.at == DSA_AT_VFU ? check_id(dsa) : 0;

	dsa->whole = json_object_get(about, "wq") == NULL;
	if (ret == 0 && !dsa->whole)
		ret = take_wq(dsa, about);
	json_decref(about);
	return ret;
}

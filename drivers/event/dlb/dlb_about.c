/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>

#include <jansson.h>

#include <rte_common.h>
#include <rte_malloc.h>

#include "dlb_about.h"
#include "dlb_domain.h"
#include "dlb_hw.h"

/* {"device":"dlb","version":"2.5","domain":1,"ldb_queues":[8,15],...}: ranges are pairs of first and
 * last number, one after the other; of what is not numbered, amounts. Without a domain it is a whole
 * device. A server may be anybody: nothing it says is used unchecked.
 */

/* The next range of a list that must lie in 0..n-1: false when it is none, or out of order. */
static bool
read_range(const json_t *list, size_t i, size_t n, size_t *first, size_t *last)
{
	const json_t *a = json_array_get(list, i), *b = json_array_get(list, i + 1);
	json_int_t from = json_integer_value(a), to = json_integer_value(b);

	if (!json_is_integer(a) || !json_is_integer(b) || from < 0 || to < from ||
	    (uint64_t)to >= n)
		return false;
	*first = (size_t)from;
	*last = (size_t)to;
	return true;
}

/* Mark what is granted, and count it. */
static bool
read_numbers(const json_t *list, bool granted[], size_t n, uint32_t *amount)
{
	size_t i, first, last;

	*amount = 0;
	if (!json_is_array(list))
		return false;
	for (i = 0; i < json_array_size(list); i += 2) {
		if (!read_range(list, i, n, &first, &last))
			return false;
		for (; first <= last; first++) {
			*amount += !granted[first];
			granted[first] = true;
		}
	}
	return true;
}

static bool
read_amount(const json_t *about, const char *key, uint32_t max, uint32_t *amount)
{
	const json_t *value = json_object_get(about, key);
	json_int_t n = json_integer_value(value);

	*amount = (uint32_t)n;
	return json_is_integer(value) && n >= 0 && n <= (json_int_t)max;
}

/* Sequence numbers: the window of each group, and its slots that are granted. */
static bool
read_windows(const json_t *about, struct dlb_part *part)
{
	const json_t *sizes = json_object_get(about, "sn");
	const json_t *slots = json_object_get(about, "sn_slots");
	unsigned int i;
	uint32_t n;

	for (i = 0; i < DLB_SN_GROUPS; i++) {
		json_int_t size = json_integer_value(json_array_get(sizes, i));

		part->sn_mode[i] = 0;
		while (part->sn_mode[i] < DLB_SN_MODES &&
		       size != (json_int_t)DLB_SN_MIN << part->sn_mode[i])
			part->sn_mode[i]++;
		if (part->sn_mode[i] == DLB_SN_MODES ||
		    !read_numbers(json_array_get(slots, i), part->windows[i],
				  (size_t)DLB_SN_SLOTS >> part->sn_mode[i], &n))
			return false;
	}
	return true;
}

/* The key of the first thing that is not as it should be, or NULL. */
static const char *
read_part(const json_t *about, enum dlb_version version, unsigned int dir_ports,
	  struct dlb_part *part)
{
	const json_t *domain = json_object_get(about, "domain");
	bool v20 = version == DLB_V20;
	uint32_t *amount = part->amount;

	part->domain = (unsigned int)json_integer_value(domain);
	if (!json_is_integer(domain) || json_integer_value(domain) < 0 ||
	    json_integer_value(domain) >= DLB_DOMAINS)
		return "domain";
	if (!read_numbers(json_object_get(about, "ldb_queues"), part->ldb_queues, DLB_LDB_QUEUES,
			  &amount[DLB_RES_LDB_QUEUES]))
		return "ldb_queues";
	if (!read_numbers(json_object_get(about, "ldb_ports"), part->ldb_ports, DLB_LDB_PORTS,
			  &amount[DLB_RES_LDB_PORTS]))
		return "ldb_ports";
	if (!read_numbers(json_object_get(about, "dir_ports"), part->dir_ports, dir_ports,
			  &amount[DLB_RES_DIR_PORTS]))
		return "dir_ports";
	if (!read_numbers(json_object_get(about, "history"), part->history, DLB_HIST_ENTRIES,
			  &amount[DLB_RES_HISTORY]))
		return "history";
	if (!read_amount(about, "ldb_credits", v20 ? DLB_LDB_CREDITS : DLB_CREDITS,
			 &amount[DLB_RES_CREDITS]))
		return "ldb_credits";
	if (v20 && !read_amount(about, "dir_credits", DLB_DIR_CREDITS,
				&amount[DLB_RES_DIR_CREDITS]))
		return "dir_credits";
	if (!read_amount(about, "atomic", DLB_AQED_ENTRIES, &amount[DLB_RES_ATOMIC]))
		return "atomic";
	return read_windows(about, part) ? NULL : "sn";
}

/* What one client settles would hold for all. */
static int
check_args(const struct dlb *dlb)
{
	if (dlb->args.device_said[0] == '\0')
		return 0;
	DLB_LOG(ERR, dlb->name,
		"device argument %s: the server at %s shares its device out, and has settled that; "
		"accepted: with a whole device",
		dlb->args.device_said, dlb->args.socket);
	return -EINVAL;
}

static void
learn_cq_layout(struct dlb *dlb)
{
	uint32_t csr = dlb_reg_read(dlb, DLB_CHP_CFG_CHP_CSR_CTRL, 0);

	dlb->args.sparse_cq = REG_GET(DLB_CHP_CFG_CHP_CSR_CTRL_CFG_64BYTES_QE_LDB_CQ_MODE, csr);
}

static int
take_part(struct dlb *dlb, const json_t *about)
{
	struct dlb_part *part = rte_zmalloc_socket(dlb->name, sizeof(*part), 0,
						   dlb->args.numa_node);
	const char *wrong;

	if (part == NULL) {
		DLB_LOG(ERR, dlb->name, "no memory for it on node %d; give DPDK more (-m)",
			dlb->args.numa_node);
		return -ENOMEM;
	}
	wrong = read_part(about, dlb->args.version, dlb_dir_ports_max(dlb), part);
	if (wrong != NULL) {
		DLB_LOG(ERR, dlb->name,
			"the server at %s does not say what it grants: %s; accepted: one of slipway",
			dlb->args.socket, wrong);
		rte_free(part);
		return -EPROTO;
	}
	dlb->part = part;
	return check_args(dlb);
}

int
dlb_about_learn(struct dlb *dlb)
{
	const char *text = access_about(dlb->access);
	json_t *about = text != NULL ? json_loads(text, 0, NULL) : NULL;
	int ret = 0;

	if (json_object_get(about, "domain") != NULL)
		ret = take_part(dlb, about);
	if (dlb->part != NULL && ret == 0)
		learn_cq_layout(dlb);
	json_decref(about);
	return ret;
}

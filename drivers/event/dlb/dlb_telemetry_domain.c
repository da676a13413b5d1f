/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Who has what, through DPDK's telemetry:
 *
 *   /slipway/dlb/domain,ID  {"name": "event_dlb1", "device": "event_dlb0", "device_id": 0,
 *                            "domain": 1, "version": "2.5", "state": "started",
 *                            "resources": ["ldb_queues", ...], "total": [32, ...],
 *                            "free": [...], "reserved": [-1, ...], "held": [...], "limit": [...],
 *                            "class_free": [16, 16, 16, 16], "class_held": [...],
 *                            "sequence_numbers": [total, free, held], "sn_windows": [64, 64]}
 *
 * Arrays go by the names in `resources`. -1 in `reserved` is for what is shared; `held` is what the
 * domain has now, `limit` what it may have.
 */

#include <rte_common.h>

#include "dlb_domain.h"
#include "dlb_telemetry.h"

#define DOMAIN "/slipway/dlb/domain"

/* Under the device's lock. */
struct subject {
	const struct dlb *dlb;
	const struct dlb_pool *pool;
	struct rte_tel_data *answer;
};

typedef int64_t number_fn(const struct subject *s, unsigned int i);

static int64_t
total(const struct subject *s, unsigned int i)
{
	return dlb_pool_total(s->pool, i);
}

static int64_t
free_now(const struct subject *s, unsigned int i)
{
	return dlb_pool_free(s->pool, i);
}

static int64_t
reserved(const struct subject *s, unsigned int i)
{
	uint32_t amount = s->pool->domains[s->dlb->domain].reserved.amount[i];

	return amount != DLB_UNSAID ? (int64_t)amount : -1;
}

static int64_t
held(const struct subject *s, unsigned int i)
{
	return dlb_pool_held(s->pool, s->dlb->domain, i);
}

static int64_t
limit(const struct subject *s, unsigned int i)
{
	return dlb_pool_limit(s->pool, s->dlb->domain, i);
}

static int64_t
class_free(const struct subject *s, unsigned int i)
{
	return dlb_pool_class_ports(s->pool, DLB_NOBODY, i);
}

static int64_t
class_held(const struct subject *s, unsigned int i)
{
	return dlb_pool_class_ports(s->pool, s->dlb->domain, i);
}

static int64_t
sequence_numbers(const struct subject *s, unsigned int i)
{
	static const unsigned int all = DLB_SN_GROUPS * DLB_SN_PER_GROUP;

	if (i == 0)
		return all;
	return dlb_pool_sequence_numbers(s->pool, i == 1 ? DLB_NOBODY : s->dlb->domain);
}

static int64_t
sn_window(const struct subject *s, unsigned int i)
{
	return DLB_SN_MIN << s->pool->sn_mode[i];
}

static void
add_numbers(const struct subject *s, const char *name, number_fn *number, unsigned int n)
{
	struct rte_tel_data *array = rte_tel_data_alloc();
	unsigned int i;

	if (array == NULL)
		return;
	rte_tel_data_start_array(array, RTE_TEL_INT_VAL);
	for (i = 0; i < n; i++)
		rte_tel_data_add_array_int(array, (int)number(s, i));
	rte_tel_data_add_dict_container(s->answer, name, array, 0);
}

static void
add_names(const struct subject *s)
{
	struct rte_tel_data *array = rte_tel_data_alloc();
	unsigned int i;

	if (array == NULL)
		return;
	rte_tel_data_start_array(array, RTE_TEL_STRING_VAL);
	for (i = 0; i < DLB_RES_KINDS; i++)
		rte_tel_data_add_array_string(array, dlb_res_key(i));
	rte_tel_data_add_dict_container(s->answer, "resources", array, 0);
}

static const char *
state_of(const struct dlb *dlb)
{
	return dlb->failed ? "failed" : dlb->started ? "started" : "stopped";
}

static void
add_identity(const struct subject *s)
{
	const struct dlb *dlb = s->dlb;

	rte_tel_data_add_dict_string(s->answer, "name", dlb->name);
	rte_tel_data_add_dict_string(s->answer, "device", dlb->device->name);
	rte_tel_data_add_dict_int(s->answer, "device_id", (int)dlb->device->id);
	rte_tel_data_add_dict_int(s->answer, "domain", dlb->domain);
	rte_tel_data_add_dict_string(s->answer, "version",
				     dlb->args.version == DLB_V20 ? "2.0" : "2.5");
	rte_tel_data_add_dict_string(s->answer, "state", state_of(dlb));
}

static int
add_domain(const struct dlb *dlb, struct rte_tel_data *answer)
{
	struct subject s = {.dlb = dlb, .pool = &dlb->device->pool, .answer = answer};

	rte_tel_data_start_dict(answer);
	rte_spinlock_lock(&dlb->device->lock);
	add_identity(&s);
	add_names(&s);
	add_numbers(&s, "total", total, DLB_RES_KINDS);
	add_numbers(&s, "free", free_now, DLB_RES_KINDS);
	add_numbers(&s, "reserved", reserved, DLB_RES_KINDS);
	add_numbers(&s, "held", held, DLB_RES_KINDS);
	add_numbers(&s, "limit", limit, DLB_RES_KINDS);
	add_numbers(&s, "class_free", class_free, DLB_COS_CLASSES);
	add_numbers(&s, "class_held", class_held, DLB_COS_CLASSES);
	add_numbers(&s, "sequence_numbers", sequence_numbers, 3);
	add_numbers(&s, "sn_windows", sn_window, DLB_SN_GROUPS);
	rte_spinlock_unlock(&dlb->device->lock);
	return 0;
}

static int
answer_domain(const char *cmd, const char *params, struct rte_tel_data *answer)
{
	return dlb_telemetry_answer(cmd, params, add_domain, answer);
}

RTE_INIT(dlb_telemetry_domain_register)
{
	rte_telemetry_register_cmd(
		DOMAIN, answer_domain,
		"Resources of a device and its domain. Parameters: int device id");
}

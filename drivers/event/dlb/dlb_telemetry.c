/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>

#include <rte_common.h>

#include "dlb_hw.h"
#include "dlb_telemetry.h"

#define LIST "/slipway/dlb/list"
#define REGS "/slipway/dlb/regs"

/* As many pairs as one answer of telemetry holds. */
#define PAIRS_MAX 250

/* The devices, by event device id. Requests come from a thread of telemetry's. */
static rte_spinlock_t lock = RTE_SPINLOCK_INITIALIZER;
static struct dlb *shown[RTE_EVENT_MAX_DEVS];

void
dlb_telemetry_show(struct dlb *dlb)
{
	rte_spinlock_lock(&lock);
	shown[dlb->dev->data->dev_id] = dlb;
	rte_spinlock_unlock(&lock);
}

void
dlb_telemetry_hide(struct dlb *dlb)
{
	rte_spinlock_lock(&lock);
	shown[dlb->dev->data->dev_id] = NULL;
	rte_spinlock_unlock(&lock);
}

static int
answer_list(const char *cmd, const char *params, struct rte_tel_data *answer)
{
	char id[8];
	unsigned int i;

	RTE_SET_USED(cmd);
	RTE_SET_USED(params);
	rte_tel_data_start_dict(answer);
	rte_spinlock_lock(&lock);
	for (i = 0; i < RTE_DIM(shown); i++) {
		if (shown[i] == NULL)
			continue;
		snprintf(id, sizeof(id), "%u", i);
		rte_tel_data_add_dict_string(answer, id, shown[i]->name);
	}
	rte_spinlock_unlock(&lock);
	return 0;
}

struct dlb *
dlb_telemetry_get(unsigned long id, const char *cmd)
{
	rte_spinlock_lock(&lock);
	if (id < RTE_DIM(shown) && shown[id] != NULL)
		return shown[id];
	rte_spinlock_unlock(&lock);
	DLB_LOG(ERR, cmd, "device %lu: not one of ours; accepted: those of " LIST, id);
	return NULL;
}

void
dlb_telemetry_put(void)
{
	rte_spinlock_unlock(&lock);
}

/* A number from 0 to max, and what follows it. */
static int
parse_number(const char *text, unsigned long max, unsigned long *number, const char **rest)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*number = strtoul(text, &end, 10);
	*rest = end;
	return errno == 0 && *number <= max ? 0 : -EINVAL;
}

int
dlb_telemetry_parse(const char *params, unsigned long *id, unsigned long *cursor)
{
	const char *text = params != NULL ? params : "";

	*cursor = 0;
	if (parse_number(text, RTE_EVENT_MAX_DEVS - 1, id, &text) < 0)
		return -EINVAL;
	if (*text == ',' && parse_number(text + 1, UINT32_MAX, cursor, &text) < 0)
		return -EINVAL;
	return *text == '\0' ? 0 : -EINVAL;
}

/* The answer proper: the lock is held, so the device stays. */
static int
add_registers(const struct dlb *dlb, uint32_t cursor, struct rte_tel_data *answer)
{
	struct rte_tel_data *values = rte_tel_data_alloc();
	struct dlb_reg_value found[PAIRS_MAX];
	unsigned int i, n;

	if (values == NULL)
		return -ENOMEM;
	n = dlb_reg_changed(dlb, &cursor, found, PAIRS_MAX);
	compat_tel_start_array_uint(values);
	for (i = 0; i < n; i++) {
		compat_tel_add_array_uint(values, (uint64_t)found[i].bar << 32 | found[i].offset);
		compat_tel_add_array_uint(values, found[i].value);
	}
	rte_tel_data_start_dict(answer);
	rte_tel_data_add_dict_string(answer, "version",
				     dlb->args.version == DLB_V20 ? "2.0" : "2.5");
	compat_tel_add_dict_uint(answer, "next", cursor);
	rte_tel_data_add_dict_container(answer, "values", values, 0);
	return 0;
}

int
dlb_telemetry_answer(const char *cmd, const char *params, dlb_telemetry_add_fn *add,
		     struct rte_tel_data *answer)
{
	const char *text = params != NULL ? params : "";
	unsigned long id;
	int ret = -ENODEV;

	if (parse_number(text, RTE_EVENT_MAX_DEVS - 1, &id, &text) < 0 || *text != '\0') {
		DLB_LOG(ERR, cmd, "parameters \"%s\": accepted: ID, 0..%u",
			params != NULL ? params : "", RTE_EVENT_MAX_DEVS - 1);
		return -EINVAL;
	}
	rte_spinlock_lock(&lock);
	if (shown[id] != NULL)
		ret = add(shown[id], answer);
	rte_spinlock_unlock(&lock);
	if (ret == -ENODEV)
		DLB_LOG(ERR, cmd, "device %lu: not one of ours; accepted: those of " LIST, id);
	return ret;
}

static int
answer_regs(const char *cmd, const char *params, struct rte_tel_data *answer)
{
	unsigned long id, cursor;
	struct dlb *dlb;
	int ret;

	if (dlb_telemetry_parse(params, &id, &cursor) < 0) {
		DLB_LOG(ERR, cmd, "parameters \"%s\": accepted: ID or ID,CURSOR, 0..%u and 0..%u",
			params != NULL ? params : "", RTE_EVENT_MAX_DEVS - 1, UINT32_MAX);
		return -EINVAL;
	}
	dlb = dlb_telemetry_get(id, cmd);
	if (dlb == NULL)
		return -ENODEV;
	ret = add_registers(dlb, (uint32_t)cursor, answer);
	dlb_telemetry_put();
	return ret;
}

RTE_INIT(dlb_telemetry_register)
{
	rte_telemetry_register_cmd(LIST, answer_list, "Devices of event_dlb. Takes no parameters");
	rte_telemetry_register_cmd(
		REGS, answer_regs,
		"Registers of a device. Parameters: int device id[, int cursor]");
}

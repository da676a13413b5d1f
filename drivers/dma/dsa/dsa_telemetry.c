/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>

#include <rte_common.h>

#include "dsa_dmadev.h"
#include "dsa_hw.h"
#include "dsa_telemetry.h"

#define LIST "/slipway/dsa/list"

/* The devices, by DMA device id. Requests come from a thread of telemetry's. */
static rte_spinlock_t lock = RTE_SPINLOCK_INITIALIZER;
static struct dsa *shown[RTE_DMADEV_DEFAULT_MAX];

void
dsa_telemetry_show(struct dsa *dsa)
{
	rte_spinlock_lock(&lock);
	if (dsa->data->dev_id < (int)RTE_DIM(shown))
		shown[dsa->data->dev_id] = dsa;
	rte_spinlock_unlock(&lock);
}

void
dsa_telemetry_hide(struct dsa *dsa)
{
	rte_spinlock_lock(&lock);
	if (dsa->data->dev_id < (int)RTE_DIM(shown))
		shown[dsa->data->dev_id] = NULL;
	rte_spinlock_unlock(&lock);
}

bool
dsa_telemetry_has(const struct dsa *dsa)
{
	bool found = false;
	unsigned int i;

	rte_spinlock_lock(&lock);
	for (i = 0; i < RTE_DIM(shown); i++)
		found = found || (dsa != NULL && shown[i] == dsa);
	rte_spinlock_unlock(&lock);
	return found;
}

/* ---- Requests ---- */

/* Up to two numbers, separated by a comma: how many there are, -EINVAL for anything else. */
static int
parse(const char *params, unsigned long numbers[2])
{
	const char *text = params != NULL ? params : "";
	char *end;
	int n = 0;

	for (;;) {
		if (*text < '0' || *text > '9' || n == 2)
			return -EINVAL;
		errno = 0;
		numbers[n++] = strtoul(text, &end, 10);
		if (errno != 0)
			return -EINVAL;
		if (*end == '\0')
			return n;
		if (*end != ',')
			return -EINVAL;
		text = end + 1;
	}
}

/* Fill in an answer; the device stays as it is meanwhile. 0, or -EINVAL for a bad second number. */
typedef int add_fn(struct dsa *dsa, unsigned long which, struct rte_tel_data *answer);

static int
answer_locked(const char *cmd, const unsigned long numbers[2], add_fn *add,
	      struct rte_tel_data *answer)
{
	struct dsa *dsa = numbers[0] < RTE_DIM(shown) ? shown[numbers[0]] : NULL;
	int ret;

	if (dsa == NULL) {
		DSA_LOG(ERR, cmd, "device %lu: not one of ours; accepted: those of " LIST,
			numbers[0]);
		return -ENODEV;
	}
	rte_tel_data_start_dict(answer);
	rte_spinlock_lock(&dsa->lock);
	ret = add(dsa, numbers[1], answer);
	rte_spinlock_unlock(&dsa->lock);
	return ret;
}

static int
answer_one(const char *cmd, const char *params, int wanted, add_fn *add,
	   struct rte_tel_data *answer)
{
	unsigned long numbers[2] = {0, 0};
	int ret;

	if (parse(params, numbers) != wanted) {
		DSA_LOG(ERR, cmd, "parameters \"%s\": accepted: %s", params != NULL ? params : "",
			wanted == 1 ? "ID" : "ID,NUMBER");
		return -EINVAL;
	}
	rte_spinlock_lock(&lock);
	ret = answer_locked(cmd, numbers, add, answer);
	rte_spinlock_unlock(&lock);
	return ret;
}

static int
refuse(const struct dsa *dsa, const char *what, unsigned long which, unsigned int n)
{
	DSA_LOG(ERR, dsa->name, "%s %lu: accepted: 0..%d", what, which, (int)n - 1);
	return -EINVAL;
}

/* ---- Answers ---- */

static int
add_info(struct dsa *dsa, unsigned long which, struct rte_tel_data *answer)
{
	static const char *const at[] = {"pci", "model", "vfu", "kernel"};

	RTE_SET_USED(which);
	rte_tel_data_add_dict_string(answer, "name", dsa->name);
	rte_tel_data_add_dict_string(answer, "at", at[dsa->args.at]);
	rte_tel_data_add_dict_string(answer, "path", dsa->args.path);
	rte_tel_data_add_dict_int(answer, "version_major",
				  (int)REG_GET(DSA_VERSION_MAJOR, dsa->caps.version));
	rte_tel_data_add_dict_int(answer, "version_minor",
				  (int)REG_GET(DSA_VERSION_MINOR, dsa->caps.version));
	rte_tel_data_add_dict_int(answer, "started", dsa->started);
	rte_tel_data_add_dict_int(answer, "failed", dsa->failed);
	rte_tel_data_add_dict_int(answer, "vchans", dsa->nb_vchans);
	rte_tel_data_add_dict_int(answer, "wqs", (int)dsa->nb_wqs);
	rte_tel_data_add_dict_int(answer, "groups", (int)dsa->nb_groups);
	rte_tel_data_add_dict_int(answer, "engines", (int)dsa->nb_engines);
	compat_tel_add_dict_uint(answer, "max_transfer", dsa->caps.max_transfer);
	compat_tel_add_dict_uint(answer, "max_batch", dsa->caps.max_batch);
	compat_tel_add_dict_uint(answer, "gencap", dsa->caps.gencap);
	compat_tel_add_dict_uint(answer, "opcap", dsa->caps.opcap[0]);
	compat_tel_add_dict_uint(answer, "commands", dsa->commands);
	compat_tel_add_dict_uint(answer, "commands_failed", dsa->commands_failed);
	compat_tel_add_dict_uint(answer, "errors", dsa->errors);
	return 0;
}

static int
add_vchan(struct dsa *dsa, unsigned long which, struct rte_tel_data *answer)
{
	struct dsa_vchan_stats stats;

	if (which >= dsa->nb_vchans || dsa->vchans[which] == NULL)
		return refuse(dsa, "channel", which, dsa->nb_vchans);
	dsa_vchan_stats(dsa->vchans[which], &stats);
	rte_tel_data_add_dict_int(answer, "wq", (int)dsa_wq_of(dsa, (uint16_t)which)->id);
	compat_tel_add_dict_uint(answer, "submitted", stats.dma.submitted);
	compat_tel_add_dict_uint(answer, "completed", stats.dma.completed);
	compat_tel_add_dict_uint(answer, "errors", stats.dma.errors);
	compat_tel_add_dict_uint(answer, "batches", stats.batches);
	compat_tel_add_dict_uint(answer, "retries", stats.retries);
	compat_tel_add_dict_uint(answer, "busy", stats.busy);
	compat_tel_add_dict_uint(answer, "partial", stats.partial);
	return 0;
}

static int
add_wq(struct dsa *dsa, unsigned long which, struct rte_tel_data *answer)
{
	const struct dsa_wq *wq;

	if (which >= dsa->nb_wqs)
		return refuse(dsa, "work queue", which, dsa->nb_wqs);
	wq = &dsa->wqs[which];
	rte_tel_data_add_dict_int(answer, "id", (int)wq->id);
	rte_tel_data_add_dict_string(answer, "mode", wq->dedicated ? "dedicated" : "shared");
	rte_tel_data_add_dict_int(answer, "size", (int)wq->size);
	rte_tel_data_add_dict_int(answer, "threshold", (int)wq->threshold);
	rte_tel_data_add_dict_int(answer, "sva", wq->sva);
	rte_tel_data_add_dict_int(answer, "block_on_fault", wq->block_on_fault);
	rte_tel_data_add_dict_int(answer, "channels", (int)wq->users);
	if (wq->enabled != NULL)
		rte_tel_data_add_dict_int(answer, "enabled", wq->enabled(wq));
	if (!dsa->whole)
		return 0;
	rte_tel_data_add_dict_int(answer, "group", (int)(wq->id % dsa->nb_groups));
	if (!dsa_is_gone(dsa))
		rte_tel_data_add_dict_int(answer, "occupancy", (int)dsa_hw_wq_occupancy(dsa, wq));
	return 0;
}

static int
add_errors(struct dsa *dsa, unsigned long which, struct rte_tel_data *answer)
{
	unsigned int status;

	RTE_SET_USED(which);
	dsa_hw_poll_error(dsa);
	status = (unsigned int)REG_GET(DSA_SWERROR0_ERROR, dsa->last_error);
	compat_tel_add_dict_uint(answer, "errors", dsa->errors);
	compat_tel_add_dict_uint(answer, "more_than_once", dsa->errors_lost);
	if (dsa->errors == 0)
		return 0;
	rte_tel_data_add_dict_int(answer, "last_status", (int)status);
	rte_tel_data_add_dict_string(answer, "last", dsa_status_name(status));
	return 0;
}

/* ---- Commands ---- */

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

static int
answer_info(const char *cmd, const char *params, struct rte_tel_data *answer)
{
	return answer_one(cmd, params, 1, add_info, answer);
}

static int
answer_vchan(const char *cmd, const char *params, struct rte_tel_data *answer)
{
	return answer_one(cmd, params, 2, add_vchan, answer);
}

static int
answer_wq(const char *cmd, const char *params, struct rte_tel_data *answer)
{
	return answer_one(cmd, params, 2, add_wq, answer);
}

static int
answer_errors(const char *cmd, const char *params, struct rte_tel_data *answer)
{
	return answer_one(cmd, params, 1, add_errors, answer);
}

RTE_INIT(dsa_telemetry_register)
{
	rte_telemetry_register_cmd(LIST, answer_list, "Devices of dma_dsa. Takes no parameters");
	rte_telemetry_register_cmd("/slipway/dsa/info", answer_info,
				   "A device. Parameters: int device id");
	rte_telemetry_register_cmd("/slipway/dsa/vchan", answer_vchan,
				   "A channel. Parameters: int device id, int channel");
	rte_telemetry_register_cmd("/slipway/dsa/wq", answer_wq,
				   "A work queue. Parameters: int device id, int work queue");
	rte_telemetry_register_cmd(
		"/slipway/dsa/errors", answer_errors,
		"Errors that no completion told. Parameters: int device id");
}

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Device arguments. Each key is a row: its name, what it accepts in words, and a function that
 * stores the value or refuses it. One refusal is one log line with key, value and range.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_kvargs.h>

#include "access_args.h"
#include "dsa_kernel.h"
#include "dsa_priv.h"

/* What has an argument. */
enum owner {
	OF_CHANNEL, /* any device: how it is used */
	OF_DEVICE,  /* a device that we configure: not a work queue of somebody else's */
	OF_VIRTUAL, /* a virtual device, which is told what another one is */
	OF_MODEL,   /* the same, and it is settled here: not on a socket or by the kernel */
};

struct devarg {
	const char *key;
	const char *accepted;
	enum owner owner;
	/* 0, or -EINVAL for a value outside what is accepted. */
	int (*store)(struct dsa_devargs *args, const char *value);
};

static int
store_at(struct dsa_devargs *args, const char *value)
{
	const char *socket = access_arg_socket(value);

	if (strcmp(value, "model") == 0)
		return 0;
	if (socket == NULL && !dsa_kernel_is_path(value))
		return -EINVAL;
	args->at = socket != NULL ? DSA_AT_VFU : DSA_AT_KERNEL;
	return access_arg_path(socket != NULL ? socket : value, args->path, sizeof(args->path));
}

static int
store_version(struct dsa_devargs *args, const char *value)
{
	int choice = access_arg_choice(value, "1.0", "2.0");

	if (choice >= 0)
		args->version = choice == 0 ? DSA_VERSION_1 : DSA_VERSION_2;
	return RTE_MIN(choice, 0);
}

static int
store_step(struct dsa_devargs *args, const char *value)
{
	return access_arg_step(value, &args->step);
}

static int
store_numa_node(struct dsa_devargs *args, const char *value)
{
	return access_arg_numa_node(value, &args->numa_node);
}

static int
store_wqs(struct dsa_devargs *args, const char *value)
{
	return access_arg_count(value, 1, DSA_WQS, &args->wqs);
}

static int
store_mode(struct dsa_devargs *args, const char *value)
{
	int choice = access_arg_choice(value, "dedicated", "shared");

	args->shared = choice == 1;
	return RTE_MIN(choice, 0);
}

static int
store_size(struct dsa_devargs *args, const char *value)
{
	return access_arg_count(value, 1, UINT16_MAX, &args->size);
}

static int
store_threshold(struct dsa_devargs *args, const char *value)
{
	return access_arg_count(value, 1, UINT16_MAX, &args->threshold);
}

static int
store_groups(struct dsa_devargs *args, const char *value)
{
	return access_arg_count(value, 1, DSA_GROUPS, &args->groups);
}

static int
store_engines(struct dsa_devargs *args, const char *value)
{
	return access_arg_count(value, 1, DSA_ENGINES, &args->engines);
}

static int
store_sva(struct dsa_devargs *args, const char *value)
{
	int choice = access_arg_choice(value, "0", "1");

	args->sva = choice == 1;
	return RTE_MIN(choice, 0);
}

static int
store_partial(struct dsa_devargs *args, const char *value)
{
	int choice = access_arg_choice(value, "resubmit", "cpu");

	args->partial = choice == 1 ? DSA_PARTIAL_CPU : DSA_PARTIAL_RESUBMIT;
	return RTE_MIN(choice, 0);
}

static int
store_retries(struct dsa_devargs *args, const char *value)
{
	return access_arg_count(value, 0, UINT16_MAX, &args->retries);
}

static int
store_batch(struct dsa_devargs *args, const char *value)
{
	return access_arg_count(value, 1, DSA_DESC_MAX, &args->batch);
}

static const struct devarg devargs[] = {
	{"at",
	 "model, vfu:PATH with the path of a socket, 1..107 bytes, or a char device, "
	 "/dev/dsa/wqD.Q",
	 OF_VIRTUAL, store_at},
	{"version", "1.0, 2.0", OF_MODEL, store_version},
	{"step", "idle, manual", OF_MODEL, store_step},
	{"numa_node", "a node of this machine with memory for DPDK, or -1 for any", OF_VIRTUAL,
	 store_numa_node},
	{"wqs", "1..64", OF_DEVICE, store_wqs},
	{"mode", "dedicated, shared", OF_DEVICE, store_mode},
	{"size", "1..65535", OF_DEVICE, store_size},
	{"threshold", "1..65535", OF_DEVICE, store_threshold},
	{"groups", "1..16", OF_DEVICE, store_groups},
	{"engines", "1..16", OF_DEVICE, store_engines},
	{"sva", "0, 1", OF_DEVICE, store_sva},
	{"partial", "resubmit, cpu", OF_CHANNEL, store_partial},
	{"retries", "0..65535", OF_CHANNEL, store_retries},
	{"batch", "1..32768", OF_CHANNEL, store_batch},
};

static const struct devarg *
devarg_find(const char *key)
{
	size_t i;

	for (i = 0; i < RTE_DIM(devargs); i++) {
		if (strcmp(devargs[i].key, key) == 0)
			return &devargs[i];
	}
	return NULL;
}

static bool
is_for(const struct devarg *arg, const struct dsa_devargs *args)
{
	return args->at != DSA_AT_BUS || arg->owner == OF_CHANNEL || arg->owner == OF_DEVICE;
}

static void
log_unknown(const char *name, const struct dsa_devargs *args, const char *key, const char *value)
{
	const char *why = devarg_find(key) != NULL ? "for virtual devices only" : "unknown";
	char known[256] = "";
	size_t i, used = 0;

	for (i = 0; i < RTE_DIM(devargs) && used < sizeof(known); i++) {
		if (is_for(&devargs[i], args))
			used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
						 used == 0 ? "" : ", ", devargs[i].key);
	}
	DSA_LOG(ERR, name, "device argument %s=%s: %s; accepted: %s", key, value, why, known);
}

static bool
is_repeated(const struct rte_kvargs *list, unsigned int i)
{
	unsigned int j;

	for (j = 0; j < i; j++) {
		if (strcmp(list->pairs[j].key, list->pairs[i].key) == 0)
			return true;
	}
	return false;
}

static int
store_pair(const char *name, const struct rte_kvargs *list, unsigned int i,
	   struct dsa_devargs *args)
{
	const struct rte_kvargs_pair *pair = &list->pairs[i];
	const char *value = pair->value != NULL ? pair->value : "";
	const struct devarg *arg = devarg_find(pair->key);

	if (arg == NULL || !is_for(arg, args)) {
		log_unknown(name, args, pair->key, value);
		return -EINVAL;
	}
	if (is_repeated(list, i)) {
		DSA_LOG(ERR, name, "device argument %s=%s: given twice; accepted: once, %s",
			pair->key, value, arg->accepted);
		return -EINVAL;
	}
	if (arg->owner == OF_DEVICE && args->config_key == NULL)
		args->config_key = arg->key;
	if (arg->store(args, value) == 0)
		return 0;
	DSA_LOG(ERR, name, "device argument %s=%s: accepted: %s", pair->key, value, arg->accepted);
	return -EINVAL;
}

/* Is an argument said of a device that others have settled it for? */
static int
check_owner(const char *name, const struct rte_kvargs_pair *pair, const struct dsa_devargs *args)
{
	const struct devarg *arg = devarg_find(pair->key);
	const char *value = pair->value != NULL ? pair->value : "";
	bool kernel = args->at == DSA_AT_KERNEL;

	if (args->at != DSA_AT_VFU && !kernel)
		return 0;
	if (arg->owner == OF_MODEL || (kernel && arg->owner == OF_DEVICE)) {
		DSA_LOG(ERR, name, "device argument %s=%s: settled by %s; accepted: with at=model",
			pair->key, value,
			kernel ? "the kernel, see accel-config" : "the server");
		return -EINVAL;
	}
	return 0;
}

static int
check_together(const char *name, const struct dsa_devargs *args)
{
	if (args->threshold != 0 && !args->shared) {
		DSA_LOG(ERR, name, "device argument threshold=%u: accepted: with mode=shared",
			args->threshold);
		return -EINVAL;
	}
	if (args->size != 0 && args->threshold > args->size) {
		DSA_LOG(ERR, name, "device argument threshold=%u: accepted: 1..%u, the size",
			args->threshold, args->size);
		return -EINVAL;
	}
	if (args->engines != 0 && args->groups > args->engines) {
		DSA_LOG(ERR, name,
			"device argument groups=%u: accepted: 1..%u, each needs an engine",
			args->groups, args->engines);
		return -EINVAL;
	}
	if (args->wqs != 0 && args->groups > args->wqs) {
		DSA_LOG(ERR, name,
			"device argument groups=%u: accepted: 1..%u, each needs a work queue",
			args->groups, args->wqs);
		return -EINVAL;
	}
	if (args->sva && args->at == DSA_AT_VFU) {
		DSA_LOG(ERR, name, "device argument sva=1: a server has the memory that it is told "
				   "of; accepted: 0, or with at=model");
		return -EINVAL;
	}
	return 0;
}

static int
parse_list(const char *name, const struct rte_kvargs *list, struct dsa_devargs *args)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < list->count && ret == 0; i++)
		ret = store_pair(name, list, i, args);
	for (i = 0; i < list->count && ret == 0; i++)
		ret = check_owner(name, &list->pairs[i], args);
	return ret == 0 ? check_together(name, args) : ret;
}

int
dsa_devargs_parse(const char *name, const char *text, struct dsa_devargs *args)
{
	struct rte_kvargs *list;
	int ret;

	*args = (struct dsa_devargs){
		.at = args->at,
		.step = ACCESS_STEP_IDLE,
		.version = DSA_VERSION_1,
		.numa_node = args->numa_node,
		.partial = DSA_PARTIAL_RESUBMIT,
		.retries = DSA_RETRIES,
	};
	if (text == NULL || *text == '\0')
		return 0;
	list = rte_kvargs_parse(text, NULL);
	if (list == NULL) {
		DSA_LOG(ERR, name, "device arguments \"%s\": accepted: key=value[,key=value]...",
			text);
		return -EINVAL;
	}
	ret = parse_list(name, list, args);
	rte_kvargs_free(list);
	return ret;
}

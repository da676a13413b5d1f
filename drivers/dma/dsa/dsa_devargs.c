/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Device arguments: the table of keys, and what of them does not go together. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>

#include "access_devargs.h"
#include "dsa_kernel.h"
#include "dsa_priv.h"

#define VERSIONS "1.0, 2.0"
#define PARTIALS "resubmit, cpu"

static int
store_at(void *to, const char *value)
{
	const char *socket = access_arg_socket(value);
	struct dsa_devargs *args = to;

	if (strcmp(value, "model") == 0)
		return 0;
	if (socket == NULL && !dsa_kernel_is_path(value))
		return -EINVAL;
	args->at = socket != NULL ? DSA_AT_VFU : DSA_AT_KERNEL;
	return access_arg_path(socket != NULL ? socket : value, args->path, sizeof(args->path));
}

static int
store_version(void *to, const char *value)
{
	int choice = access_arg_word(value, VERSIONS);
	struct dsa_devargs *args = to;

	if (choice >= 0)
		args->version = choice == 0 ? DSA_VERSION_1 : DSA_VERSION_2;
	return RTE_MIN(choice, 0);
}

static int
store_partial(void *to, const char *value)
{
	int choice = access_arg_word(value, PARTIALS);
	struct dsa_devargs *args = to;

	args->partial = choice == 1 ? DSA_PARTIAL_CPU : DSA_PARTIAL_RESUBMIT;
	return RTE_MIN(choice, 0);
}

#define COUNT(member, min, max)  ACCESS_DEVARG_COUNT(struct dsa_devargs, member, min, max)
#define SWITCH(member, off_on)   ACCESS_DEVARG_SWITCH(struct dsa_devargs, member, off_on)
#define STEP(member)             ACCESS_DEVARG_STEP(struct dsa_devargs, member)
#define NUMA_NODE(member)        ACCESS_DEVARG_NUMA_NODE(struct dsa_devargs, member)
#define OWN(store, words)        ACCESS_DEVARG_OWN(store, words)

static const struct access_devarg rows[] = {
	{"at", ACCESS_OF_VIRTUAL,
	 OWN(store_at, "model, vfu:PATH with the path of a socket, 1..107 bytes, or a char "
		       "device, /dev/dsa/wqD.Q")},
	{"version", ACCESS_OF_MODEL, OWN(store_version, VERSIONS)},
	{"step", ACCESS_OF_MODEL, STEP(step)},
	{"numa_node", ACCESS_OF_VIRTUAL, NUMA_NODE(numa_node)},
	{"wqs", ACCESS_OF_DEVICE, COUNT(wqs, 1, DSA_WQS)},
	{"mode", ACCESS_OF_DEVICE, SWITCH(shared, "dedicated, shared")},
	{"size", ACCESS_OF_DEVICE, COUNT(size, 1, UINT16_MAX)},
	{"threshold", ACCESS_OF_DEVICE, COUNT(threshold, 1, UINT16_MAX)},
	{"groups", ACCESS_OF_DEVICE, COUNT(groups, 1, DSA_GROUPS)},
	{"engines", ACCESS_OF_DEVICE, COUNT(engines, 1, DSA_ENGINES)},
	{"sva", ACCESS_OF_DEVICE, SWITCH(sva, "0, 1")},
	{"partial", ACCESS_OF_USE, OWN(store_partial, PARTIALS)},
	{"retries", ACCESS_OF_USE, COUNT(retries, 0, UINT16_MAX)},
	{"batch", ACCESS_OF_USE, COUNT(batch, 1, DSA_DESC_MAX)},
};

/* A dedicated queue refuses nothing. The mode of one that others have set up is not known yet. */
static bool
is_of_shared_queues(const struct access_devarg *arg, const struct dsa_devargs *args)
{
	bool ours = args->at == DSA_AT_BUS || args->at == DSA_AT_MODEL;

	return strcmp(arg->key, "threshold") == 0 || (ours && strcmp(arg->key, "retries") == 0);
}

/* Others settle what they set up: all of it the kernel, and a server what its device is. */
static void
settled(const void *to, const struct access_devarg *arg, char why[ACCESS_WHY_MAX])
{
	const struct dsa_devargs *args = to;
	bool kernel = args->at == DSA_AT_KERNEL;
	bool served = args->at == DSA_AT_VFU;

	if ((arg->of == ACCESS_OF_MODEL && (kernel || served)) ||
	    (arg->of == ACCESS_OF_DEVICE && kernel))
		snprintf(why, ACCESS_WHY_MAX, "settled by %s; accepted: with at=model",
			 kernel ? "the kernel, see accel-config" : "the server");
	else if (!args->shared && is_of_shared_queues(arg, args))
		snprintf(why, ACCESS_WHY_MAX, "accepted: with mode=shared");
}

static int
check_together(const char *name, const struct dsa_devargs *args)
{
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

int
dsa_devargs_parse(const char *name, const char *text, struct dsa_devargs *args)
{
	struct access_devargs reader = {
		.name = name,
		.logtype = dsa_logtype,
		.rows = rows,
		.nb_rows = RTE_DIM(rows),
		.args = args,
		.on_bus = args->at == DSA_AT_BUS,
		.settled = settled,
	};

	*args = (struct dsa_devargs){
		.at = args->at,
		.step = ACCESS_STEP_IDLE,
		.version = DSA_VERSION_1,
		.numa_node = args->numa_node,
		.partial = DSA_PARTIAL_RESUBMIT,
		.retries = DSA_RETRIES,
	};
	if (access_devargs_read(&reader, text) < 0)
		return -EINVAL;
	memcpy(args->config_said, reader.device_said, sizeof(args->config_said));
	return check_together(name, args);
}

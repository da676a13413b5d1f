/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Device arguments. Each key is a row: its name, what it accepts in words, and a function that
 * stores the value or refuses it. One refusal is one log line with key, value and range.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_kvargs.h>
#include <rte_lcore.h>
#include <rte_memory.h>
#include <rte_string_fns.h>

#include "dlb_priv.h"

/* The API says how deep in a byte. Rounded up, its largest value is this. */
#define DLB_MAX_CQ_DEPTH 256

/* What has an argument. */
enum owner {
	OF_DOMAIN,  /* each event device */
	OF_DEVICE,  /* the device that it opens: not one that it joins */
	OF_VIRTUAL, /* a virtual device, which is told what another one is */
	OF_MODEL,   /* the same, as long as it opens a device */
};

struct devarg {
	const char *key;
	const char *accepted;
	enum owner owner;
	/* 0, or -EINVAL for a value outside what is accepted. */
	int (*store)(struct dlb_devargs *args, const char *value);
};

static int
parse_int(const char *value, long min, long max, long *result)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || number < min || number > max)
		return -EINVAL;
	*result = number;
	return 0;
}

static int
parse_count(const char *value, long min, long max, unsigned int *result)
{
	long number;

	if (parse_int(value, min, max, &number) < 0)
		return -EINVAL;
	*result = (unsigned int)number;
	return 0;
}

/* Which of two words is it? */
static int
parse_choice(const char *value, const char *zero, const char *one)
{
	if (strcmp(value, zero) == 0)
		return 0;
	return strcmp(value, one) == 0 ? 1 : -EINVAL;
}

static int
store_version(struct dlb_devargs *args, const char *value)
{
	int choice = parse_choice(value, "2.0", "2.5");

	if (choice >= 0)
		args->version = choice == 0 ? DLB_V20 : DLB_V25;
	return RTE_MIN(choice, 0);
}

static int
store_at(struct dlb_devargs *args, const char *value)
{
	RTE_SET_USED(args);
	return strcmp(value, "model") == 0 ? 0 : -EINVAL;
}

static int
store_step(struct dlb_devargs *args, const char *value)
{
	int choice = parse_choice(value, "idle", "manual");

	if (choice >= 0)
		args->step = choice == 0 ? ACCESS_STEP_IDLE : ACCESS_STEP_MANUAL;
	return RTE_MIN(choice, 0);
}

static int
store_max_queues(struct dlb_devargs *args, const char *value)
{
	return parse_count(value, 1, DLB_LDB_QUEUES, &args->max_queues);
}

static int
store_max_num_events(struct dlb_devargs *args, const char *value)
{
	return parse_count(value, 1, DLB_CREDITS, &args->max_events);
}

static int
store_max_cq_depth(struct dlb_devargs *args, const char *value)
{
	unsigned int depth;

	if (parse_count(value, DLB_CQ_DEPTH_MIN, DLB_MAX_CQ_DEPTH, &depth) < 0 ||
	    !rte_is_power_of_2(depth))
		return -EINVAL;
	args->max_cq_depth = depth;
	return 0;
}

static int
store_credit_quanta(struct dlb_devargs *args, const char *value)
{
	return parse_count(value, 1, 1024, &args->credit_quanta);
}

static int
store_numa_node(struct dlb_devargs *args, const char *value)
{
	unsigned int i;
	long node;

	if (parse_int(value, SOCKET_ID_ANY, RTE_MAX_NUMA_NODES - 1, &node) < 0)
		return -EINVAL;
	args->numa_node = (int)node;
	for (i = 0; i < rte_socket_count(); i++) {
		if (rte_socket_id_by_idx(i) == node)
			return 0;
	}
	return node == SOCKET_ID_ANY ? 0 : -EINVAL;
}

static int
store_cq(struct dlb_devargs *args, const char *value)
{
	int choice = parse_choice(value, "dense", "sparse");

	args->sparse_cq = choice == 1;
	return RTE_MIN(choice, 0);
}

static int
store_parallel(struct dlb_devargs *args, const char *value)
{
	int choice = parse_choice(value, "unordered", "ordered");

	args->parallel_is_ordered = choice == 1;
	return RTE_MIN(choice, 0);
}

static int
store_device(struct dlb_devargs *args, const char *value)
{
	size_t len = strlcpy(args->device, value, sizeof(args->device));

	return len > 0 && len < sizeof(args->device) ? 0 : -EINVAL;
}

/* The mode whose slots have so many sequence numbers. */
static int
sn_mode_of(unsigned long window, uint8_t *mode)
{
	for (*mode = 0; *mode < DLB_SN_MODES; (*mode)++) {
		if (window == (unsigned long)DLB_SN_MIN << *mode)
			return 0;
	}
	return -EINVAL;
}

static int
store_sn(struct dlb_devargs *args, const char *value)
{
	char *rest;
	unsigned int i;

	for (i = 0; i < DLB_SN_GROUPS; i++) {
		if (*value < '0' || *value > '9' ||
		    sn_mode_of(strtoul(value, &rest, 10), &args->sn_mode[i]) < 0 ||
		    *rest != (i + 1 < DLB_SN_GROUPS ? ':' : '\0'))
			return -EINVAL;
		value = rest + 1;
	}
	args->sn_fixed = true;
	return 0;
}

static int
store_wait(struct dlb_devargs *args, const char *value)
{
	int choice = parse_choice(value, "poll", "interrupt");

	args->sleeps = choice == 1;
	return RTE_MIN(choice, 0);
}

static const struct devarg devargs[] = {
	{"version", "2.0, 2.5", OF_MODEL, store_version},
	{"at", "model", OF_MODEL, store_at},
	{"step", "idle, manual", OF_MODEL, store_step},
	{"device", "the name of an event device of this driver", OF_VIRTUAL, store_device},
	{"max_queues", "1..32", OF_DOMAIN, store_max_queues},
	{"max_num_events", "1..8192 (version=2.0) or 1..16384 (version=2.5)", OF_DOMAIN,
	 store_max_num_events},
	{"max_cq_depth", "powers of two 8..256", OF_DOMAIN, store_max_cq_depth},
	{"credit_quanta", "1..1024", OF_DOMAIN, store_credit_quanta},
	{"numa_node", "a node of this machine with memory for DPDK, or -1 for any", OF_VIRTUAL,
	 store_numa_node},
	{"cq", "dense, sparse", OF_DEVICE, store_cq},
	{"parallel", "unordered, ordered", OF_DOMAIN, store_parallel},
	{"wait", "poll, interrupt", OF_DOMAIN, store_wait},
	{"sn", "A:B, sequence numbers of a queue in each group, powers of two 64..1024", OF_DEVICE,
	 store_sn},
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
is_for(const struct devarg *arg, const struct dlb_devargs *args)
{
	return !args->on_bus || arg->owner == OF_DOMAIN || arg->owner == OF_DEVICE;
}

static void
log_unknown(const char *name, const struct dlb_devargs *args, const char *key, const char *value)
{
	const char *why = devarg_find(key) != NULL ? "for virtual devices only" : "unknown";
	char known[256] = "cos";
	size_t i, used = strlen(known);

	for (i = 0; i < DLB_RES_KINDS && used < sizeof(known); i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, ", %s",
					 dlb_res_key(i));
	for (i = 0; i < RTE_DIM(devargs) && used < sizeof(known); i++) {
		if (is_for(&devargs[i], args))
			used += (size_t)snprintf(known + used, sizeof(known) - used, ", %s",
						 devargs[i].key);
	}
	DLB_LOG(ERR, name, "device argument %s=%s: %s; accepted: %s", key, value, why, known);
}

/* Has the key of pair i been seen before? */
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

/* Does a key that is said belong to the device, which the domain only joins? */
static int
check_owner(const char *name, const struct rte_kvargs_pair *pair, const struct dlb_devargs *args)
{
	const struct devarg *arg = devarg_find(pair->key);

	if (args->device[0] == '\0' || arg == NULL ||
	    (arg->owner != OF_DEVICE && arg->owner != OF_MODEL))
		return 0;
	DLB_LOG(ERR, name,
		"device argument %s=%s: accepted: for the device that %s is on, where that is "
		"opened, not with device=",
		pair->key, pair->value, args->device);
	return -EINVAL;
}

/* The value of a key that is one of ours: what it accepts, and whether it did. */
static const char *
store_value(struct dlb_devargs *args, const char *key, const char *value, int *ret)
{
	const struct devarg *arg = devarg_find(key);

	if (arg == NULL) {
		*ret = dlb_request_set(&args->request, key, value);
		return dlb_request_accepts(key);
	}
	*ret = is_for(arg, args) ? arg->store(args, value) : -ENOENT;
	return arg->accepted;
}

static int
store_pair(const char *name, const struct rte_kvargs *list, unsigned int i,
	   struct dlb_devargs *args)
{
	const struct rte_kvargs_pair *pair = &list->pairs[i];
	const char *value = pair->value != NULL ? pair->value : "";
	int ret;
	const char *accepted = store_value(args, pair->key, value, &ret);

	if (ret == -ENOENT) {
		log_unknown(name, args, pair->key, value);
		return -EINVAL;
	}
	if (is_repeated(list, i)) {
		DLB_LOG(ERR, name, "device argument %s=%s: given twice; accepted: once, %s",
			pair->key, value, accepted);
		return -EINVAL;
	}
	if (ret < 0)
		DLB_LOG(ERR, name, "device argument %s=%s: accepted: %s", pair->key, value,
			accepted);
	return ret;
}

unsigned int
dlb_events_max(const struct dlb_devargs *args)
{
	unsigned int credits = args->version == DLB_V20 ? DLB_LDB_CREDITS : DLB_CREDITS;

	return args->max_events != 0 ? args->max_events : credits;
}

int
dlb_devargs_parse(const char *name, const char *text, struct dlb_devargs *args)
{
	struct rte_kvargs *list;
	unsigned int i;
	int ret = 0;

	args->step = ACCESS_STEP_IDLE;
	args->max_queues = DLB_LDB_QUEUES;
	args->max_events = 0;
	args->max_cq_depth = 128;
	args->credit_quanta = 32;
	args->parallel_is_ordered = false;
	/* Silicon is for those who poll; the model may have few CPUs to share. */
	args->sleeps = !args->on_bus;
	args->device[0] = '\0';
	args->sn_fixed = false;
	dlb_request_init(&args->request);
	if (text == NULL || *text == '\0')
		return 0;

	list = rte_kvargs_parse(text, NULL);
	if (list == NULL) {
		DLB_LOG(ERR, name, "device arguments \"%s\": accepted: key=value[,key=value]...",
			text);
		return -EINVAL;
	}
	for (i = 0; i < list->count && ret == 0; i++)
		ret = store_pair(name, list, i, args);
	for (i = 0; i < list->count && ret == 0; i++)
		ret = check_owner(name, &list->pairs[i], args);
	rte_kvargs_free(list);
	/* One that joins a device learns its version later. */
	if (ret == 0 && args->device[0] == '\0')
		ret = dlb_devargs_check(name, args);
	return ret;
}

static unsigned int
sum_of_classes(const struct dlb_request *request)
{
	unsigned int i, sum = 0;

	for (i = 0; i < DLB_COS_CLASSES; i++)
		sum += request->class_ports[i];
	return sum;
}

int
dlb_devargs_check(const char *name, const struct dlb_devargs *args)
{
	unsigned int ports = args->request.amount[DLB_RES_LDB_PORTS];
	unsigned int by_class = sum_of_classes(&args->request);

	if (args->version == DLB_V20 && args->max_events > DLB_LDB_CREDITS) {
		DLB_LOG(ERR, name,
			"device argument max_num_events=%u: accepted: 1..%u (version=2.0)",
			args->max_events, DLB_LDB_CREDITS);
		return -EINVAL;
	}
	if (by_class > ports) {
		DLB_LOG(ERR, name,
			"device argument ldb_ports=%u: accepted: %u..%u, those of cos= included",
			ports, by_class, DLB_LDB_PORTS);
		return -EINVAL;
	}
	return 0;
}

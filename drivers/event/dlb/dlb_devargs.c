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

#include "access_args.h"
#include "dlb_priv.h"

/* The API says how deep in a byte. Rounded up, its largest value is this. */
#define DLB_MAX_CQ_DEPTH 256

/* Larger bursts are taken as well; so many is what other drivers of the device advertise. */
#define DLB_MAX_ENQUEUE_DEPTH 1024
/* Of the narrowest register field, 13 bits. */
#define DLB_MAX_THRESHOLD 8191
/* Of the register field, 15 bits. */
#define DLB_MAX_WEIGHT 32767

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
store_version(struct dlb_devargs *args, const char *value)
{
	int choice = access_arg_choice(value, "2.0", "2.5");

	if (choice >= 0)
		args->version = choice == 0 ? DLB_V20 : DLB_V25;
	args->version_told = true;
	return RTE_MIN(choice, 0);
}

static int
store_at(struct dlb_devargs *args, const char *value)
{
	const char *socket = access_arg_socket(value);

	if (strcmp(value, "model") == 0)
		return 0;
	return socket != NULL ? access_arg_path(socket, args->socket, sizeof(args->socket))
			      : -EINVAL;
}

static int
store_step(struct dlb_devargs *args, const char *value)
{
	args->step_told = true;
	return access_arg_step(value, &args->step);
}

static int
store_max_queues(struct dlb_devargs *args, const char *value)
{
	return access_arg_count(value, 1, DLB_LDB_QUEUES, &args->max_queues);
}

static int
store_max_num_events(struct dlb_devargs *args, const char *value)
{
	return access_arg_count(value, 1, DLB_CREDITS, &args->max_events);
}

static int
store_max_cq_depth(struct dlb_devargs *args, const char *value)
{
	unsigned int depth;

	if (access_arg_count(value, DLB_CQ_DEPTH_MIN, DLB_MAX_CQ_DEPTH, &depth) < 0 ||
	    !rte_is_power_of_2(depth))
		return -EINVAL;
	args->max_cq_depth = depth;
	return 0;
}

static int
store_credit_quanta(struct dlb_devargs *args, const char *value)
{
	return access_arg_count(value, 1, 1024, &args->credit_quanta);
}

static int
store_max_enqueue_depth(struct dlb_devargs *args, const char *value)
{
	return access_arg_count(value, 1, DLB_MAX_ENQUEUE_DEPTH, &args->max_enqueue_depth);
}

static int
store_default_depth_thresh(struct dlb_devargs *args, const char *value)
{
	unsigned int threshold;

	if (access_arg_count(value, 1, DLB_MAX_THRESHOLD, &threshold) < 0)
		return -EINVAL;
	args->depth_threshold = (uint16_t)threshold;
	args->depth_told = true;
	return 0;
}

static int
store_qid_depth_thresh(struct dlb_devargs *args, const char *value)
{
	args->depth_told = true;
	return dlb_devargs_list_set(value, args->queue_threshold, DLB_QUEUES_MAX, 0,
				    DLB_MAX_THRESHOLD);
}

static int
store_cq_weight(struct dlb_devargs *args, const char *value)
{
	return dlb_devargs_list_set(value, args->port_weight, DLB_PORTS_MAX, 1, DLB_MAX_WEIGHT);
}

static int
store_port_cos(struct dlb_devargs *args, const char *value)
{
	return dlb_devargs_list_set(value, args->port_cos, DLB_PORTS_MAX, 0, DLB_COS_CLASSES - 1);
}

/* The first letter decides, as it does in other drivers. */
static int
parse_yes(const char *value, bool *yes)
{
	if (strchr("yYnN", *value) == NULL || *value == '\0')
		return -EINVAL;
	*yes = *value == 'y' || *value == 'Y';
	return 0;
}

static int
store_enable_cq_weight(struct dlb_devargs *args, const char *value)
{
	return parse_yes(value, &args->weight_is_depth);
}

static int
store_use_default_hl(struct dlb_devargs *args, const char *value)
{
	return parse_yes(value, &args->short_history);
}

/* Four shares, per cent. */
static int
store_cos_bw(struct dlb_devargs *args, const char *value)
{
	unsigned long share, sum = 0;
	unsigned int i;
	char *rest;

	for (i = 0; i < DLB_COS_CLASSES; i++) {
		if (*value < '0' || *value > '9')
			return -EINVAL;
		share = strtoul(value, &rest, 10);
		sum += RTE_MIN(share, 101ul);
		if (sum > 100 || *rest != (i + 1 < DLB_COS_CLASSES ? ':' : '\0'))
			return -EINVAL;
		args->cos_bw[i] = (uint8_t)share;
		value = rest + 1;
	}
	return 0;
}

static int
store_numa_node(struct dlb_devargs *args, const char *value)
{
	return access_arg_numa_node(value, &args->numa_node);
}

static int
store_cq(struct dlb_devargs *args, const char *value)
{
	int choice = access_arg_choice(value, "dense", "sparse");

	args->sparse_cq = choice == 1;
	return RTE_MIN(choice, 0);
}

static int
store_parallel(struct dlb_devargs *args, const char *value)
{
	int choice = access_arg_choice(value, "unordered", "ordered");

	args->parallel_is_ordered = choice == 1;
	return RTE_MIN(choice, 0);
}

static int
store_device(struct dlb_devargs *args, const char *value)
{
	return access_arg_path(value, args->device, sizeof(args->device));
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
	int choice = access_arg_choice(value, "poll", "interrupt");

	args->sleeps = choice == 1;
	return RTE_MIN(choice, 0);
}

static const struct devarg devargs[] = {
	{"version", "2.0, 2.5", OF_MODEL, store_version},
	{"at", "model, vfu:PATH with the path of a socket, 1..107 bytes", OF_MODEL, store_at},
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
	{"max_enqueue_depth", "1..1024", OF_DOMAIN, store_max_enqueue_depth},
	{"default_depth_thresh", "1..8191", OF_DOMAIN, store_default_depth_thresh},
	{"qid_depth_thresh", "all:N, Q:N, Q-R:N, queues 0..127, N 0..8191", OF_DOMAIN,
	 store_qid_depth_thresh},
	{"enable_cq_weight", "y, n", OF_DOMAIN, store_enable_cq_weight},
	{"cq_weight", "all:N, P:N, P-Q:N, ports 0..159, N 1..32767", OF_DOMAIN, store_cq_weight},
	{"port_cos", "all:C, P:C, P-Q:C, ports 0..159, C 0..3", OF_DOMAIN, store_port_cos},
	{"cos_bw", "A:B:C:D, shares of the classes in per cent, 100 in all at most", OF_DEVICE,
	 store_cos_bw},
	{"use_default_hl", "y, n", OF_DOMAIN, store_use_default_hl},
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
	char known[512] = "cos";
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

/* Keys of event/dlb2, so that its command lines can be kept: our name for the same. */
static const struct {
	const char *theirs, *ours;
} synonyms[] = {
	{"sw_credit_quanta", "credit_quanta"},
	{"num_dir_credits", "dir_credits"},
	{"alloc_hl_entries", "history"},
};

/* The others of its keys: nothing here could do what they say. */
static const char *const meaningless[] = {
	"hw_credit_quanta",   "poll_interval",           "vector_opts_enable",
	"vector_opts_enabled", "producer_coremask",      "default_port_allocation",
	"dev_id",
};

static const char *
our_name(const char *key)
{
	size_t i;

	for (i = 0; i < RTE_DIM(synonyms); i++) {
		if (strcmp(synonyms[i].theirs, key) == 0)
			return synonyms[i].ours;
	}
	return key;
}

static bool
is_meaningless(const char *key)
{
	size_t i;

	for (i = 0; i < RTE_DIM(meaningless); i++) {
		if (strcmp(meaningless[i], key) == 0)
			return true;
	}
	return false;
}

/* Does a key say something of some queues or ports, so that there can be more to say? */
static bool
is_list(const char *key)
{
	return strcmp(key, "qid_depth_thresh") == 0 || strcmp(key, "cq_weight") == 0 ||
	       strcmp(key, "port_cos") == 0;
}

/* Has the key of pair i been seen before? */
static bool
is_repeated(const struct rte_kvargs *list, unsigned int i)
{
	const char *key = our_name(list->pairs[i].key);
	unsigned int j;

	for (j = 0; j < i; j++) {
		if (strcmp(our_name(list->pairs[j].key), key) == 0)
			return !is_list(key);
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

/* A server lets the time of its device pass. */
static int
check_step(const char *name, const struct dlb_devargs *args)
{
	if (args->socket[0] == '\0' || !args->step_told)
		return 0;
	DLB_LOG(ERR, name, "device argument step=%s: accepted: with at=model only",
		args->step == ACCESS_STEP_IDLE ? "idle" : "manual");
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
	if (arg->owner == OF_DEVICE && args->device_key == NULL)
		args->device_key = arg->key;
	return arg->accepted;
}

static int
store_pair(const char *name, const struct rte_kvargs *list, unsigned int i,
	   struct dlb_devargs *args)
{
	const struct rte_kvargs_pair *pair = &list->pairs[i];
	const char *value = pair->value != NULL ? pair->value : "";
	const char *accepted;
	int ret;

	if (is_meaningless(pair->key)) {
		DLB_LOG(NOTICE, name, "device argument %s=%s: ignored, it means nothing here",
			pair->key, value);
		return 0;
	}
	accepted = store_value(args, our_name(pair->key), value, &ret);

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

	args->version_told = false;
	args->step = ACCESS_STEP_IDLE;
	args->step_told = false;
	args->device_key = NULL;
	args->socket[0] = '\0';
	args->max_queues = DLB_LDB_QUEUES;
	args->max_events = 0;
	args->max_cq_depth = 128;
	args->max_enqueue_depth = DLB_ENQUEUE_DEPTH;
	args->credit_quanta = 32;
	args->short_history = false;
	args->depth_told = false;
	args->depth_threshold = DLB_DEPTH_THRESHOLD;
	memset(args->queue_threshold, 0, sizeof(args->queue_threshold));
	args->weight_is_depth = false;
	memset(args->port_weight, 0, sizeof(args->port_weight));
	memset(args->port_cos, UINT8_MAX, sizeof(args->port_cos));
	memset(args->cos_bw, 100 / DLB_COS_CLASSES, sizeof(args->cos_bw));
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
	if (ret == 0)
		ret = check_step(name, args);
	/* One that joins a device, or is served by others, learns its version later. */
	if (ret == 0 && args->device[0] == '\0' && args->socket[0] == '\0')
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

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Device arguments: the table of keys, and what of them does not go together. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "access_devargs.h"
#include "dlb_priv.h"

/* The API says how deep in a byte. Rounded up, its largest value is this. */
#define DLB_MAX_CQ_DEPTH 256

/* Larger bursts are taken as well; so many is what other drivers of the device advertise. */
#define DLB_MAX_ENQUEUE_DEPTH 1024
/* Of the narrowest register field, 13 bits. */
#define DLB_MAX_THRESHOLD 8191
/* Of the register field, 15 bits. */
#define DLB_MAX_WEIGHT 32767

#define VERSIONS "2.0, 2.5"

static int
store_version(void *to, const char *value)
{
	int choice = access_arg_word(value, VERSIONS);
	struct dlb_devargs *args = to;

	if (choice >= 0)
		args->version = choice == 0 ? DLB_V20 : DLB_V25;
	args->version_told = true;
	return RTE_MIN(choice, 0);
}

static int
store_at(void *to, const char *value)
{
	const char *socket = access_arg_socket(value);
	struct dlb_devargs *args = to;

	if (strcmp(value, "model") == 0)
		return 0;
	return socket != NULL ? access_arg_path(socket, args->socket, sizeof(args->socket))
			      : -EINVAL;
}

static int
store_max_cq_depth(void *to, const char *value)
{
	struct dlb_devargs *args = to;
	unsigned int depth;

	if (access_arg_count(value, DLB_CQ_DEPTH_MIN, DLB_MAX_CQ_DEPTH, &depth) < 0 ||
	    !rte_is_power_of_2(depth))
		return -EINVAL;
	args->max_cq_depth = depth;
	return 0;
}

static int
store_default_depth_thresh(void *to, const char *value)
{
	struct dlb_devargs *args = to;
	unsigned int threshold;

	if (access_arg_count(value, 1, DLB_MAX_THRESHOLD, &threshold) < 0)
		return -EINVAL;
	args->depth_threshold = (uint16_t)threshold;
	args->depth_told = true;
	return 0;
}

static int
store_qid_depth_thresh(void *to, const char *value)
{
	struct dlb_devargs *args = to;

	args->depth_told = true;
	return dlb_devargs_list_set(value, args->queue_threshold, DLB_QUEUES_MAX, 0,
				    DLB_MAX_THRESHOLD);
}

static int
store_cq_weight(void *to, const char *value)
{
	struct dlb_devargs *args = to;

	return dlb_devargs_list_set(value, args->port_weight, DLB_PORTS_MAX, 1, DLB_MAX_WEIGHT);
}

static int
store_port_cos(void *to, const char *value)
{
	struct dlb_devargs *args = to;

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
store_enable_cq_weight(void *to, const char *value)
{
	struct dlb_devargs *args = to;

	return parse_yes(value, &args->weight_is_depth);
}

static int
store_use_default_hl(void *to, const char *value)
{
	struct dlb_devargs *args = to;

	return parse_yes(value, &args->short_history);
}

/* Four shares, per cent. */
static int
store_cos_bw(void *to, const char *value)
{
	struct dlb_devargs *args = to;
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
store_device(void *to, const char *value)
{
	struct dlb_devargs *args = to;

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
store_sn(void *to, const char *value)
{
	struct dlb_devargs *args = to;
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
store_resource(void *to, const char *key, const char *value)
{
	struct dlb_devargs *args = to;

	return dlb_request_set(&args->request, key, value);
}

#define COUNT(member, min, max) ACCESS_DEVARG_COUNT(struct dlb_devargs, member, min, max)
#define SWITCH(member, off_on)  ACCESS_DEVARG_SWITCH(struct dlb_devargs, member, off_on)
#define STEP(member)            ACCESS_DEVARG_STEP(struct dlb_devargs, member)
#define NUMA_NODE(member)       ACCESS_DEVARG_NUMA_NODE(struct dlb_devargs, member)
#define OWN(store, words)       ACCESS_DEVARG_OWN(store, words)

/* Of event/dlb2, so that its command lines can be kept: nothing here could do what they say. */
#define MEANINGLESS(word)       {word, ACCESS_OF_USE, .kind = ACCESS_NOTHING}

/* Synonyms are of that driver, too. */
static const struct access_devarg rows[] = {
	{"version", ACCESS_OF_MODEL, OWN(store_version, VERSIONS)},
	{"at", ACCESS_OF_MODEL,
	 OWN(store_at, "model, vfu:PATH with the path of a socket, 1..107 bytes")},
	{"step", ACCESS_OF_MODEL, STEP(step)},
	{"device", ACCESS_OF_VIRTUAL,
	 OWN(store_device, "the name of an event device of this driver")},
	{"max_queues", ACCESS_OF_USE, COUNT(max_queues, 1, DLB_LDB_QUEUES)},
	{"max_num_events", ACCESS_OF_USE, COUNT(max_events, 1, DLB_CREDITS),
	 .accepted = "1..8192 (version=2.0) or 1..16384 (version=2.5)"},
	{"max_cq_depth", ACCESS_OF_USE, OWN(store_max_cq_depth, "powers of two 8..256")},
	{"credit_quanta", ACCESS_OF_USE, COUNT(credit_quanta, 1, 1024),
	 .synonym = "sw_credit_quanta"},
	{"numa_node", ACCESS_OF_VIRTUAL, NUMA_NODE(numa_node)},
	{"cq", ACCESS_OF_DEVICE, SWITCH(sparse_cq, "dense, sparse")},
	{"parallel", ACCESS_OF_USE, SWITCH(parallel_is_ordered, "unordered, ordered")},
	{"wait", ACCESS_OF_USE, SWITCH(sleeps, "poll, interrupt")},
	{"max_enqueue_depth", ACCESS_OF_USE, COUNT(max_enqueue_depth, 1, DLB_MAX_ENQUEUE_DEPTH)},
	{"default_depth_thresh", ACCESS_OF_USE, OWN(store_default_depth_thresh, "1..8191")},
	{"qid_depth_thresh", ACCESS_OF_USE, .many = true,
	 OWN(store_qid_depth_thresh, "all:N, Q:N, Q-R:N, queues 0..127, N 0..8191")},
	{"enable_cq_weight", ACCESS_OF_USE, OWN(store_enable_cq_weight, "y, n")},
	{"cq_weight", ACCESS_OF_USE, .many = true,
	 OWN(store_cq_weight, "all:N, P:N, P-Q:N, ports 0..159, N 1..32767")},
	{"port_cos", ACCESS_OF_USE, .many = true,
	 OWN(store_port_cos, "all:C, P:C, P-Q:C, ports 0..159, C 0..3")},
	{"cos_bw", ACCESS_OF_DEVICE,
	 OWN(store_cos_bw, "A:B:C:D, shares of the classes in per cent, 100 in all at most")},
	{"use_default_hl", ACCESS_OF_USE, OWN(store_use_default_hl, "y, n")},
	{"sn", ACCESS_OF_DEVICE,
	 OWN(store_sn, "A:B, sequence numbers of a queue in each group, powers of two 64..1024")},
	MEANINGLESS("hw_credit_quanta"),
	MEANINGLESS("poll_interval"),
	MEANINGLESS("vector_opts_enable"),
	MEANINGLESS("vector_opts_enabled"),
	MEANINGLESS("producer_coremask"),
	MEANINGLESS("default_port_allocation"),
	MEANINGLESS("dev_id"),
};

/* What a domain asks for, and the table above. */
#define NB_ROWS (1 + DLB_RES_KINDS + RTE_DIM(rows))

static void
all_rows(struct access_devarg all[NB_ROWS])
{
	static const char *const synonyms[DLB_RES_KINDS] = {
		[DLB_RES_DIR_CREDITS] = "num_dir_credits",
		[DLB_RES_HISTORY] = "alloc_hl_entries",
	};
	unsigned int i;

	for (i = 0; i <= DLB_RES_KINDS; i++) {
		const char *key = i == 0 ? "cos" : dlb_res_key(i - 1);

		all[i] = (struct access_devarg){
			.key = key,
			.accepted = dlb_request_accepts(key),
			.synonym = i == 0 ? NULL : synonyms[i - 1],
			.store_key = store_resource,
		};
	}
	memcpy(&all[i], rows, sizeof(rows));
}

/* What is the device's has been said where that is opened; a server lets its time pass. */
static void
settled(const void *to, const struct access_devarg *arg, char why[ACCESS_WHY_MAX])
{
	const struct dlb_devargs *args = to;

	if (args->device[0] != '\0' &&
	    (arg->of == ACCESS_OF_DEVICE || arg->of == ACCESS_OF_MODEL))
		snprintf(why, ACCESS_WHY_MAX,
			 "accepted: for the device that %s is on, where that is opened, not with "
			 "device=", args->device);
	else if (args->socket[0] != '\0' && arg->kind == ACCESS_STEP_WORD)
		snprintf(why, ACCESS_WHY_MAX, "accepted: with at=model only");
}

unsigned int
dlb_events_max(const struct dlb_devargs *args)
{
	unsigned int credits = args->version == DLB_V20 ? DLB_LDB_CREDITS : DLB_CREDITS;

	return args->max_events != 0 ? args->max_events : credits;
}

static void
set_defaults(struct dlb_devargs *args)
{
	args->version_told = false;
	args->step = ACCESS_STEP_IDLE;
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
}

int
dlb_devargs_parse(const char *name, const char *text, struct dlb_devargs *args)
{
	struct access_devarg all[NB_ROWS];
	struct access_devargs reader = {
		.name = name,
		.logtype = dlb_logtype,
		.rows = all,
		.nb_rows = RTE_DIM(all),
		.args = args,
		.on_bus = args->on_bus,
		.settled = settled,
	};

	all_rows(all);
	set_defaults(args);
	if (access_devargs_read(&reader, text) < 0)
		return -EINVAL;
	memcpy(args->device_said, reader.device_said, sizeof(args->device_said));
	/* One that joins a device, or is served by others, learns its version later. */
	if (args->device[0] != '\0' || args->socket[0] != '\0')
		return 0;
	return dlb_devargs_check(name, args);
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

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * slipway dsa config: the writes to attributes of the kernel's idxd that set a device up as
 * planned, datasheet sections 20.2 to 20.6; printed, or made.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dsa.h"
#include "dsa_plan.h"
#include "slipway.h"

struct config {
	const char *name;    /* dsa0 */
	unsigned int number; /* 0 */
	bool apply;
	int ret; /* of the first write that failed */
	struct dsa_plan plan;
};

/* ---- What the device has ---- */

static int
read_number(const struct config *c, const char *attribute, unsigned long long *value)
{
	char path[PATH_MAX];
	FILE *file;
	int n;

	snprintf(path, sizeof(path), DSA_BUS "/devices/%s/%s", c->name, attribute);
	file = fopen(path, "re");
	if (file == NULL) {
		complain("dsa config: %s: %s; slipway dsa list shows the devices there are", path,
			 strerror(errno));
		return -errno;
	}
	n = fscanf(file, "%llu", value);
	fclose(file);
	if (n == 1)
		return 0;
	complain("dsa config: %s: no number", path);
	return -EINVAL;
}

static int
read_caps(const struct config *c, struct dsa_plan_caps *caps)
{
	static const char *const names[] = {"max_work_queues",   "max_groups",
					    "max_engines",       "max_work_queues_size",
					    "max_transfer_size", "max_batch_size"};
	unsigned long long n[6] = {0};

	for (unsigned int i = 0; i < 6; i++)
		if (read_number(c, names[i], &n[i]) < 0)
			return -ENODEV;
	*caps = (struct dsa_plan_caps){
		.wqs = (unsigned int)n[0],
		.groups = (unsigned int)n[1],
		.engines = (unsigned int)n[2],
		.entries = (unsigned int)n[3],
		.max_transfer = n[4],
		.max_batch = (unsigned int)n[5],
	};
	return 0;
}

/* ---- Writes ---- */

static int
make_write(const char *path, const char *value)
{
	FILE *file = fopen(path, "we");
	bool bad = file == NULL || fputs(value, file) == EOF;

	/* The kernel's answer comes when what was written leaves the buffer. */
	if (file != NULL && fclose(file) != 0)
		bad = true;
	return bad ? -errno : 0;
}

static void __attribute__((format(printf, 3, 4)))
write_to(struct config *c, const char *value, const char *format, ...)
{
	char path[PATH_MAX], below[128];
	va_list args;

	va_start(args, format);
	vsnprintf(below, sizeof(below), format, args);
	va_end(args);
	snprintf(path, sizeof(path), DSA_BUS "/%s", below);
	if (!c->apply) {
		printf("echo %s > %s\n", value, path);
		return;
	}
	if (c->ret < 0)
		return;
	c->ret = make_write(path, value);
	if (c->ret < 0)
		complain("dsa config: %s: %s is refused: %s; " DSA_BUS
			 "/devices/%s/cmd_status may say more",
			 path, value, strerror(-c->ret), c->name);
}

static void
write_number(struct config *c, unsigned int q, const char *attribute, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	write_to(c, text, "devices/wq%u.%u/%s", c->number, q, attribute);
}

static void
write_wq(struct config *c, unsigned int q, const struct dsa_plan_wq *wq)
{
	char name[DSA_PLAN_NAME];

	snprintf(name, sizeof(name), "slipway%u", q);
	write_number(c, q, "group_id", (uint64_t)wq->group);
	write_to(c, wq->dedicated ? "dedicated" : "shared", "devices/wq%u.%u/mode", c->number, q);
	write_number(c, q, "size", wq->size);
	if (!wq->dedicated)
		write_number(c, q, "threshold", wq->threshold);
	write_number(c, q, "priority", wq->priority);
	write_number(c, q, "max_transfer_size", wq->max_transfer);
	write_number(c, q, "max_batch_size", wq->max_batch);
	write_to(c, "user", "devices/wq%u.%u/type", c->number, q);
	write_to(c, wq->name[0] != '\0' ? wq->name : name, "devices/wq%u.%u/name", c->number, q);
	write_to(c, wq->driver[0] != '\0' ? wq->driver : "user", "devices/wq%u.%u/driver_name",
		 c->number, q);
}

static void
write_all(struct config *c, const struct dsa_plan_caps *caps)
{
	char text[32];

	for (unsigned int e = 0; e < caps->engines && e < DSA_PLAN_ENGINES; e++) {
		snprintf(text, sizeof(text), "%d", c->plan.engine_group[e]);
		write_to(c, text, "devices/engine%u.%u/group_id", c->number, e);
	}
	for (unsigned int q = 0; q < DSA_PLAN_WQS; q++)
		if (c->plan.wq[q].said)
			write_wq(c, q, &c->plan.wq[q]);
	write_to(c, c->name, "drivers/idxd/bind");
	for (unsigned int q = 0; q < DSA_PLAN_WQS; q++) {
		if (!c->plan.wq[q].said)
			continue;
		snprintf(text, sizeof(text), "wq%u.%u", c->number, q);
		write_to(c, text, "drivers/user/bind");
	}
}

/* ---- The command ---- */

static int
parse_arguments(struct config *c, int argc, char **argv)
{
	static const struct option names[] = {
		{"apply", no_argument, NULL, 'a'},
		{"wq", required_argument, NULL, 'w'},
		{0},
	};
	int opt, end = 0;

	while ((opt = getopt_long(argc, argv, ":", names, NULL)) != -1) {
		if (opt == 'a')
			c->apply = true;
		else if (opt != 'w')
			return refuse_option("dsa", argv, opt);
		else if (dsa_plan_say(&c->plan, optarg) < 0)
			return EXIT_USAGE;
	}
	if (argc - optind != 1 || c->plan.count == 0) {
		complain("dsa config: accepted are a device and at least one --wq; see slipway dsa "
			 "--help");
		return EXIT_USAGE;
	}
	c->name = argv[optind];
	if (sscanf(c->name, "dsa%u%n", &c->number, &end) != 1 || c->name[end] != '\0') {
		complain("dsa config: '%s': accepted is a device of the kernel's, such as dsa0",
			 c->name);
		return EXIT_USAGE;
	}
	return 0;
}

int
dsa_config(int argc, char **argv)
{
	static struct config c;
	struct dsa_plan_caps caps;
	int status;

	dsa_plan_init(&c.plan, "dsa config");
	status = parse_arguments(&c, argc, argv);
	if (status != 0)
		return status;
	if (read_caps(&c, &caps) < 0 || dsa_plan_resolve(&c.plan, &caps) < 0)
		return EXIT_FAILED;
	write_all(&c, &caps);
	return c.ret < 0 ? EXIT_FAILED : EXIT_DONE;
}

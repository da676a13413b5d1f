/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Registers of devices that are reached through DPDK's telemetry.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "regs.h"
#include "slipway.h"
#include "telemetry.h"

/* Take pairs of an address, bar in the upper half, and a value. */
static int
take_values(struct regs_dump *dump, const json_t *values)
{
	size_t count = json_array_size(values);

	for (size_t i = 0; i + 1 < count; i += 2) {
		uint64_t at = (uint64_t)json_integer_value(json_array_get(values, i));
		json_int_t value = json_integer_value(json_array_get(values, i + 1));
		int ret = regs_add(dump, (unsigned int)(at >> 32), at & UINT32_MAX,
				   (uint32_t)value);

		if (ret < 0)
			return ret;
	}
	return 0;
}

/* One answer of several: the cursor of the next one, 0 after the last. */
static json_int_t
read_part(int fd, const char *id, json_int_t cursor, struct regs_dump *dump, const char *path)
{
	char text[128];
	const char *version;
	json_int_t next;
	json_t *part, *values;
	int ret;

	snprintf(text, sizeof(text), "/slipway/dlb/regs,%s,%" JSON_INTEGER_FORMAT, id, cursor);
	part = telemetry_command(fd, text);
	if (part == NULL) {
		complain("%s: no answer: %s", path, strerror(errno));
		return -EIO;
	}
	ret = json_unpack(part, "{s:s, s:I, s:o}", "version", &version, "next", &next, "values",
			  &values);
	if (ret < 0 || (next != 0 && next <= cursor)) {
		complain("%s: the answer to %s is not what slipway's driver says", path, text);
		next = -EBADMSG;
	} else {
		ret = regs_set_model(dump, "dlb", version, path);
		if (ret == 0)
			ret = take_values(dump, values);
		if (ret < 0)
			next = ret;
	}
	json_decref(part);
	return next;
}

static int
read_device(int fd, const char *id, struct regs_dump *dump, const char *path)
{
	json_int_t cursor = 0;

	do
		cursor = read_part(fd, id, cursor, dump, path);
	while (cursor > 0);
	if (cursor < 0)
		regs_free(dump);
	return (int)cursor;
}

int
regs_telemetry_read(const char *which, struct regs_dump *dump)
{
	struct telemetry_device device;
	int fd, ret;

	fd = telemetry_open(which, &device);
	if (fd < 0)
		return fd;
	if (device.dsa) {
		complain("%s: registers of a DSA are had from slipway run and slipway serve, not "
			 "by telemetry",
			 device.path);
		ret = -ENOTSUP;
	} else {
		ret = read_device(fd, device.id, dump, device.path);
	}
	close(fd);
	return ret;
}

static int
list_program(int fd, const char *prefix, json_t *devices, void *ctx)
{
	unsigned int *shown = ctx;
	const char *id;
	json_t *name;

	(void)fd;
	json_object_foreach(devices, id, name)
	{
		char target[NAME_MAX + 32];
		const char *text = json_string_value(name);

		snprintf(target, sizeof(target), "telemetry:%s:%s", prefix, id);
		printf("%-24s dlb, %s\n", target, text == NULL ? "" : text);
		(*shown)++;
	}
	return 0;
}

unsigned int
regs_telemetry_list(void)
{
	unsigned int shown = 0;

	telemetry_visit(list_program, &shown);
	return shown;
}

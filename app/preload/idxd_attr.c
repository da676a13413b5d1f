/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "idxd_priv.h"
#include "sys.h"

/* ---- Values ---- */

static void
path_of(const struct idxd_object *o, const char *attribute, char path[PATH_MAX])
{
	if (snprintf(path, PATH_MAX, "%s/%s", o->dir, attribute) >= PATH_MAX)
		path[0] = '\0';
}

int
idxd_get(const struct idxd_object *o, const char *attribute, char value[IDXD_VALUE])
{
	char path[PATH_MAX];
	ssize_t n;
	int fd;

	value[0] = '\0';
	path_of(o, attribute, path);
	/* Not by the shim's own open, which would take it for the program's. */
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	n = syscall(SYS_read, fd, value, IDXD_VALUE - 1);
	sys_close(fd);
	if (n < 0)
		return -EIO;
	value[n] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return (int)strlen(value);
}

/* All of the text, and nothing else. */
static bool
parse(const char *text, long long *number)
{
	char *end;

	errno = 0;
	*number = strtoll(text, &end, 0);
	return end != text && *end == '\0' && errno == 0;
}

long long
idxd_number(const struct idxd_object *o, const char *attribute, long long absent)
{
	char value[IDXD_VALUE];
	long long number;

	return idxd_get(o, attribute, value) >= 0 && parse(value, &number) ? number : absent;
}

bool
idxd_is(const struct idxd_object *o, const char *attribute, const char *value)
{
	char is[IDXD_VALUE];

	return idxd_get(o, attribute, is) >= 0 && strcmp(is, value) == 0;
}

int
idxd_put(const struct idxd_object *o, const char *attribute, const char *format, ...)
{
	char path[PATH_MAX], value[IDXD_VALUE + 1];
	va_list args;
	int fd, n;

	va_start(args, format);
	n = vsnprintf(value, sizeof(value) - 1, format, args);
	va_end(args);
	if (n < 0 || n >= (int)sizeof(value) - 1)
		return -EINVAL;
	value[n++] = '\n';
	path_of(o, attribute, path);
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_TRUNC | O_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	n = sys_write(fd, value, (size_t)n) == n ? 0 : -EIO;
	sys_close(fd);
	return n;
}

void
idxd_status(unsigned int device, uint32_t status)
{
	struct idxd_object o;

	idxd_at(IDXD_DEVICE, device, 0, &o);
	idxd_put(&o, "cmd_status", "0x%x", status);
}

int
idxd_lock(void)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/dsa/lock", idxd_root());
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		flock(fd, LOCK_EX);
	return fd;
}

void
idxd_unlock(int lock)
{
	if (lock >= 0)
		sys_close(lock);
}

/* ---- Rules (datasheet sections 20.2 to 20.4) ---- */

static bool
device_is_enabled(const struct idxd_object *o)
{
	struct idxd_object device;

	idxd_at(IDXD_DEVICE, o->device, 0, &device);
	return idxd_is(&device, "state", "enabled");
}

static long long
device_number(const struct idxd_object *o, const char *attribute)
{
	struct idxd_object device;

	idxd_at(IDXD_DEVICE, o->device, 0, &device);
	return idxd_number(&device, attribute, 0);
}

/* When an attribute may be written. */
enum when {
	ALWAYS,
	DEVICE_DISABLED,
	WQ_DISABLED,
	BOTH_DISABLED,
	NEVER, /* there, and not permitted: what this version of the device has not got */
};

static bool
is_time(const struct idxd_object *o, enum when when)
{
	switch (when) {
	case DEVICE_DISABLED:
		return !device_is_enabled(o);
	case WQ_DISABLED:
		return !idxd_is(o, "state", "enabled");
	case BOTH_DISABLED:
		return !device_is_enabled(o) && !idxd_is(o, "state", "enabled");
	case NEVER:
		return false;
	default:
		return true;
	}
}

static int
store_number(const struct idxd_object *o, const char *attribute, const char *value, long long least,
	     long long most)
{
	long long number;

	if (!parse(value, &number) || number < least || number > most)
		return -EINVAL;
	return idxd_put(o, attribute, "%lld", number);
}

/* The members of a group, as its attributes list them. */
static void
list_members(unsigned int device, unsigned int group)
{
	static const struct {
		enum idxd_kind kind;
		const char *attribute, *most;
	} lists[] = {{IDXD_ENGINE, "engines", "max_engines"}, {IDXD_WQ, "work_queues",
							       "max_work_queues"}};
	struct idxd_object o, member;

	idxd_at(IDXD_GROUP, device, group, &o);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		char text[IDXD_VALUE] = "";
		size_t n = 0;

		for (unsigned int m = 0; m < device_number(&o, lists[i].most); m++) {
			idxd_at(lists[i].kind, device, m, &member);
			if (idxd_number(&member, "group_id", -1) == group)
				n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s",
						      n > 0 ? " " : "", member.name);
		}
		idxd_put(&o, lists[i].attribute, "%s", text);
	}
}

static int
store_group(const struct idxd_object *o, const char *value)
{
	long long most = device_number(o, "max_groups") - 1;
	int ret = store_number(o, "group_id", value, -1, most);

	for (unsigned int g = 0; ret == 0 && g <= most; g++)
		list_members(o->device, g);
	return ret;
}

/* What is left for this one; the others have theirs. */
static int
store_size(const struct idxd_object *o, const char *value)
{
	long long left = device_number(o, "max_work_queues_size");
	struct idxd_object other;

	for (unsigned int q = 0; q < device_number(o, "max_work_queues"); q++) {
		idxd_at(IDXD_WQ, o->device, q, &other);
		if (q != o->index)
			left -= idxd_number(&other, "size", 0);
	}
	return store_number(o, "size", value, 0, left);
}

static int
store_mode(const struct idxd_object *o, const char *value)
{
	if (strcmp(value, "dedicated") == 0)
		idxd_put(o, "threshold", "0");
	else if (strcmp(value, "shared") != 0)
		return -EINVAL;
	return idxd_put(o, "mode", "%s", value);
}

static int
store_threshold(const struct idxd_object *o, const char *value)
{
	if (!idxd_is(o, "mode", "shared"))
		return -EPERM;
	return store_number(o, "threshold", value, 1, idxd_number(o, "size", 0));
}

static int
store_type(const struct idxd_object *o, const char *value)
{
	if (strcmp(value, "none") != 0 && strcmp(value, "kernel") != 0 &&
	    strcmp(value, "user") != 0)
		return -EINVAL;
	return idxd_put(o, "type", "%s", value);
}

static int
store_text(const struct idxd_object *o, const char *attribute, const char *value)
{
	return strlen(value) > 1024 ? -EINVAL : idxd_put(o, attribute, "%s", value);
}

/* A size, as the next power of two. */
static int
store_power(const struct idxd_object *o, const char *attribute, const char *value)
{
	long long most = device_number(o, attribute), number, power = 1;

	if (!parse(value, &number) || number < 1 || number > most)
		return -EINVAL;
	while (power < number)
		power *= 2;
	return idxd_put(o, attribute, "%lld", power);
}

static int
store_retries(const struct idxd_object *o, const char *value)
{
	if (!idxd_is(o, "mode", "shared"))
		return -EPERM;
	return store_number(o, "enqcmds_retries", value, 0, 64);
}

static int
store_block_on_fault(const struct idxd_object *o, const char *value)
{
	if ((device_number(o, "gen_cap") & 1) == 0)
		return -EOPNOTSUPP;
	return store_number(o, "block_on_fault", value, 0, 1);
}

static int
store_status(const struct idxd_object *o)
{
	return idxd_put(o, "cmd_status", "0x0");
}

/* Attributes that are not plain numbers between two bounds. */
static int
store_other(const struct idxd_object *o, const char *attribute, const char *value)
{
	if (strcmp(attribute, "group_id") == 0)
		return store_group(o, value);
	if (strcmp(attribute, "size") == 0)
		return store_size(o, value);
	if (strcmp(attribute, "mode") == 0)
		return store_mode(o, value);
	if (strcmp(attribute, "threshold") == 0)
		return store_threshold(o, value);
	if (strcmp(attribute, "type") == 0)
		return store_type(o, value);
	if (strcmp(attribute, "name") == 0 || strcmp(attribute, "driver_name") == 0)
		return store_text(o, attribute, value);
	if (strcmp(attribute, "block_on_fault") == 0)
		return store_block_on_fault(o, value);
	if (strcmp(attribute, "enqcmds_retries") == 0)
		return store_retries(o, value);
	if (strcmp(attribute, "cmd_status") == 0)
		return store_status(o);
	if (strcmp(attribute, "bind") == 0)
		return idxd_bind(o, value);
	if (strcmp(attribute, "unbind") == 0)
		return idxd_unbind(o, value);
	return store_power(o, attribute, value);
}

static const struct rule {
	enum idxd_kind kind;
	const char *attribute;
	enum when when;
	int least, most; /* both 0: store_other */
} rules[] = {
	{IDXD_DEVICE, "read_buffer_limit", DEVICE_DISABLED, 0, 255},
	{IDXD_DEVICE, "cmd_status", ALWAYS, 0, 0},
	{IDXD_GROUP, "read_buffers_reserved", DEVICE_DISABLED, 0, 255},
	{IDXD_GROUP, "read_buffers_allowed", DEVICE_DISABLED, 4, 255},
	{IDXD_GROUP, "use_read_buffer_limit", DEVICE_DISABLED, 0, 1},
	{IDXD_GROUP, "traffic_class_a", NEVER, 0, 7},
	{IDXD_GROUP, "traffic_class_b", NEVER, 0, 7},
	{IDXD_GROUP, "desc_progress_limit", DEVICE_DISABLED, 0, 3},
	{IDXD_GROUP, "batch_progress_limit", DEVICE_DISABLED, 0, 3},
	{IDXD_ENGINE, "group_id", DEVICE_DISABLED, 0, 0},
	{IDXD_WQ, "group_id", WQ_DISABLED, 0, 0},
	{IDXD_WQ, "mode", WQ_DISABLED, 0, 0},
	{IDXD_WQ, "size", BOTH_DISABLED, 0, 0},
	{IDXD_WQ, "priority", WQ_DISABLED, 0, 15},
	{IDXD_WQ, "block_on_fault", WQ_DISABLED, 0, 0},
	{IDXD_WQ, "threshold", WQ_DISABLED, 0, 0},
	{IDXD_WQ, "type", WQ_DISABLED, 0, 0},
	{IDXD_WQ, "name", WQ_DISABLED, 0, 0},
	{IDXD_WQ, "driver_name", WQ_DISABLED, 0, 0},
	{IDXD_WQ, "max_transfer_size", WQ_DISABLED, 0, 0},
	{IDXD_WQ, "max_batch_size", WQ_DISABLED, 0, 0},
	{IDXD_WQ, "ats_disable", WQ_DISABLED, 0, 1},
	{IDXD_WQ, "enqcmds_retries", WQ_DISABLED, 0, 0},
	{IDXD_DRIVER, "bind", ALWAYS, 0, 0},
	{IDXD_DRIVER, "unbind", ALWAYS, 0, 0},
};

int
idxd_store(const struct idxd_object *o, const char *attribute, const char *value)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct rule *r = &rules[i];

		if (r->kind != o->kind || strcmp(r->attribute, attribute) != 0)
			continue;
		if (!is_time(o, r->when) ||
		    (o->kind != IDXD_DRIVER && device_number(o, "configurable") == 0))
			return -EPERM;
		if (r->least == 0 && r->most == 0)
			return store_other(o, attribute, value);
		return store_number(o, attribute, value, r->least, r->most);
	}
	/* The mode of the file says so, which root does not mind. */
	return -EACCES;
}

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "idxd_priv.h"

/* What the kernel shows where, and what of it lies where in the directory of the run. */
static const struct {
	const char *shown, *lies;
} places[] = {
	{"/sys/bus/dsa", "/dsa"},
	{"/sys/module/idxd", "/dsa"},
	{"/dev/dsa", "/dsa/dev"},
};

bool
idxd_present(void)
{
	return idxd_root() != NULL && idxd_device(0) != NULL;
}

const char *
idxd_root(void)
{
	return getenv("SLIPWAY_KERNEL_DIR");
}

struct device *
idxd_device(unsigned int device)
{
	for (unsigned int i = 0; i < device_count(); i++)
		if (device_get(i)->kernel && device-- == 0)
			return device_get(i);
	return NULL;
}

const char *
idxd_path(const char *path, char room[PATH_MAX])
{
	if (path == NULL || path[0] != '/')
		return path;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		size_t len = strlen(places[i].shown);
		int n;

		if (strncmp(path, places[i].shown, len) != 0 ||
		    (path[len] != '/' && path[len] != '\0') || !idxd_present())
			continue;
		n = snprintf(room, PATH_MAX, "%s%s%s", idxd_root(), places[i].lies, path + len);
		return n < PATH_MAX ? room : path;
	}
	return path;
}

bool
idxd_is_inside(const char *path)
{
	const char *root = idxd_root();

	return root != NULL && path != NULL && strncmp(path, root, strlen(root)) == 0;
}

/* ---- Objects ---- */

void
idxd_at(enum idxd_kind kind, unsigned int device, unsigned int index, struct idxd_object *o)
{
	static const char *const names[] = {"dsa", "group", "engine", "wq"};

	*o = (struct idxd_object){.kind = kind, .device = device, .index = index};
	if (kind == IDXD_DEVICE)
		snprintf(o->name, sizeof(o->name), "dsa%u", device);
	else
		snprintf(o->name, sizeof(o->name), "%s%u.%u", names[kind], device, index);
	snprintf(o->dir, sizeof(o->dir), "%s/dsa/devices/%s", idxd_root(), o->name);
}

bool
idxd_find(const char *name, struct idxd_object *o)
{
	static const struct {
		const char *format;
		enum idxd_kind kind;
	} kinds[] = {{"wq%3u.%3u", IDXD_WQ}, {"group%3u.%3u", IDXD_GROUP},
		     {"engine%3u.%3u", IDXD_ENGINE}};
	unsigned int device, index;

	if (strcmp(name, "idxd") == 0 || strcmp(name, "user") == 0) {
		*o = (struct idxd_object){.kind = IDXD_DRIVER};
		snprintf(o->name, sizeof(o->name), "%s", name);
		snprintf(o->dir, sizeof(o->dir), "%s/dsa/drivers/%s", idxd_root(), name);
		return true;
	}
	if (sscanf(name, "dsa%3u", &device) == 1) {
		idxd_at(IDXD_DEVICE, device, 0, o);
		return strcmp(o->name, name) == 0 && idxd_device(device) != NULL;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char value[IDXD_VALUE];
		int n;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		n = sscanf(name, kinds[i].format, &device, &index);
#pragma GCC diagnostic pop
		if (n != 2)
			continue;
		idxd_at(kinds[i].kind, device, index, o);
		/* That of a queue's or engine's group; a group has lists. */
		return strcmp(o->name, name) == 0 && idxd_device(device) != NULL &&
		       idxd_get(o, o->kind == IDXD_GROUP ? "engines" : "group_id", value) >= 0;
	}
	return false;
}

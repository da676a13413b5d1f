/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "run_at.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dirs.h"
#include "slipway.h"
#include "vfu_client.h"

/* Where vendor and device lie in configuration space. */
#define PCI_ID 0

static const struct {
	unsigned int id; /* vendor in the lower half, as it is read */
	const char *model, *version;
} known[] = {
	{0x27108086, "dlb", "2.0"},
	{0x27148086, "dlb", "2.5"},
};

/* The shim takes its devices from a list that has these between them. */
#define BETWEEN " ,;"

/* A name without a slash is that of a socket in the directory of running devices. */
static char *
path_find(const char *given)
{
	char path[PATH_MAX];
	struct dirs dirs;

	if (strchr(given, '/') != NULL)
		return realpath(given, NULL);
	if (dirs_find(&dirs) < 0) {
		errno = EINVAL;
		return NULL;
	}
	snprintf(path, sizeof(path), "%s/%s", dirs.base, given);
	return realpath(path, NULL);
}

static int
path_resolve(struct tree_device *device)
{
	char *path = path_find(device->at);

	if (path == NULL) {
		complain("--at %s: %s; start the server first: slipway serve dlb %s", device->at,
			 strerror(errno), device->at);
		return -EINVAL;
	}
	if (strlen(path) > RUN_AT_MAX || strpbrk(path, BETWEEN) != NULL) {
		complain("--at %s: accepted is a path of up to %d characters, without space, comma "
			 "and semicolon",
			 path, RUN_AT_MAX);
		free(path);
		return -EINVAL;
	}
	device->at = path;
	return 0;
}

static void
log_line(void *arg, const char *line)
{
	(void)arg;
	complain("%s", line);
}

/* The server asks for no memory before a driver has given it some. */
static void *
host_map(struct bus_host *host, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	 struct bus_fault *fault)
{
	(void)host;
	(void)len;
	*fault = (struct bus_fault){.iova = iova, .pasid = pasid, .prot = prot};
	return NULL;
}

static int
id_read(const char *path, uint32_t *id)
{
	static const struct bus_host_ops ops = {.map = host_map};
	struct bus_host host = {.ops = &ops};
	const struct vfu_client_config config = {.path = path, .log = log_line};
	struct vfu_client *client;
	struct bus_device *dev;
	int ret = vfu_client_open(&config, &host, &client);

	if (ret < 0)
		return ret;
	dev = vfu_client_device(client);
	ret = dev->ops->config(dev, PCI_ID, id, sizeof(*id), false);
	vfu_client_close(client);
	return ret;
}

int
run_at(struct tree_device *device)
{
	uint32_t id = 0;
	int ret = path_resolve(device);

	if (ret == 0)
		ret = id_read(device->at, &id);
	if (ret < 0)
		return ret;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].id != id)
			continue;
		device->model = known[i].model;
		device->version = known[i].version;
		device->pci_id = id << 16 | id >> 16;
		return 0;
	}
	complain("--at %s: serves a PCI device %04x:%04x; accepted are 8086:2710 and 8086:2714",
		 device->at, id & 0xffff, id >> 16);
	return -ENODEV;
}

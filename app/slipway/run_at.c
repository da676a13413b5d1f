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

#include <jansson.h>

#include "dirs.h"
#include "slipway.h"
#include "vfu_client.h"

/* Where vendor and device lie in configuration space; the vendor in the lower half. */
#define PCI_ID 0
/* Each work queue has so much of BAR 2. */
#define BAR_OF_QUEUES 2

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
		complain("--at %s: %s; start the server first: slipway serve dlb %s or "
			 "slipway serve dsa %s",
			 device->at, strerror(errno), device->at, device->at);
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

/* Versions that share a PCI id are told apart by what one of our servers says. */
static void
version_ask(const struct vfu_client *client, struct tree_device *device)
{
	const char *about = vfu_client_about(client);
	json_t *root = about == NULL ? NULL : json_loads(about, 0, NULL);
	int version = -EINVAL;

	if (device->model == model_find(json_string_value(json_object_get(root, "device"))))
		version = model_version(device->model,
					json_string_value(json_object_get(root, "version")));
	if (version >= 0)
		device->version = (unsigned int)version;
	json_decref(root);
}

static void
queues_measure(const struct vfu_client *client, struct tree_device *device)
{
	if (device->model->wq_bytes != 0)
		device->wqs = (unsigned int)(vfu_client_region_size(client, BAR_OF_QUEUES) /
					     device->model->wq_bytes);
}

static int
id_check(struct tree_device *device, uint32_t id)
{
	if (model_of_id(id << 16 | id >> 16, &device->model, &device->version))
		return 0;
	complain("--at %s: serves a PCI device %04x:%04x; accepted are 8086:2710, 8086:2714 and "
		 "8086:0b25",
		 device->at, id & 0xffff, id >> 16);
	return -ENODEV;
}

static int
device_ask(struct tree_device *device)
{
	static const struct bus_host_ops ops = {.map = host_map};
	struct bus_host host = {.ops = &ops};
	const struct vfu_client_config config = {.path = device->at, .log = log_line};
	struct vfu_client *client;
	struct bus_device *dev;
	uint32_t id = 0;
	int ret = vfu_client_open(&config, &host, &client);

	if (ret < 0)
		return ret;
	dev = vfu_client_device(client);
	ret = dev->ops->config(dev, PCI_ID, &id, sizeof(id), false);
	if (ret == 0)
		ret = id_check(device, id);
	if (ret == 0) {
		version_ask(client, device);
		queues_measure(client, device);
	}
	vfu_client_close(client);
	return ret;
}

int
run_at(struct tree_device *device)
{
	int ret = path_resolve(device);

	return ret < 0 ? ret : device_ask(device);
}

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "tree_dsa.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dsa_desc.h"
#include "dsa_model.h"
#include "dsa_reg_table.h"

#define PCI_COMMAND        0x04
#define PCI_COMMAND_MEMORY 0x02

/* Numbers of char devices that nobody looks behind. */
#define CDEV_MAJOR 235

/* What a device of this kind can do. */
struct caps {
	uint32_t version;
	uint64_t gencap, wqcap, grpcap, engcap, opcap[4];
};

/* A device, and where it is on its way. */
struct writer {
	const struct tree *tree;
	const struct tree_device *device;
	unsigned int number;
	struct caps caps;
	unsigned int wqs, groups, engines;
	int error; /* the first one; nothing is written after it */
};

/* ---- What it can do: asked of one ---- */

static void *
no_map(struct bus_host *host, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
       struct bus_fault *fault)
{
	(void)host;
	(void)len;
	*fault = (struct bus_fault){.iova = iova, .pasid = pasid, .prot = prot};
	return NULL;
}

static int
no_dma(struct bus_host *host, uint32_t pasid, uint64_t iova, void *bytes, size_t len, bool write)
{
	(void)host;
	(void)pasid;
	(void)iova;
	(void)bytes;
	(void)len;
	(void)write;
	return -EFAULT;
}

static int
no_page(struct bus_host *host, uint32_t pasid, uint64_t iova, enum bus_prot prot)
{
	(void)host;
	(void)pasid;
	(void)iova;
	(void)prot;
	return -EFAULT;
}

static void
no_irq(struct bus_host *host, unsigned int vector)
{
	(void)host;
	(void)vector;
}

static uint64_t
read_reg(struct bus_device *bus, enum dsa_reg reg, unsigned int size)
{
	return bus->ops->read(bus, 0, dsa_reg_rows[reg].offset[0], size);
}

static int
caps_read(const struct tree_device *device, struct caps *caps)
{
	static const struct bus_host_ops ops = {no_map, no_dma, no_page, no_irq};
	static const unsigned int versions[MODEL_VERSIONS] = {DSA_VERSION_1, DSA_VERSION_2};
	const struct dsa_model_config config = {
		.version = versions[device->version],
		.wqs = device->wqs,
	};
	struct bus_host host = {&ops};
	uint16_t command = PCI_COMMAND_MEMORY;
	struct bus_device *bus;
	int ret = dsa_model_create(&config, &host, &bus);

	if (ret < 0)
		return ret;
	bus->ops->config(bus, PCI_COMMAND, &command, sizeof(command), true);
	*caps = (struct caps){
		.version = (uint32_t)read_reg(bus, DSA_VERSION, 4),
		.gencap = read_reg(bus, DSA_GENCAP, 8),
		.wqcap = read_reg(bus, DSA_WQCAP, 8),
		.grpcap = read_reg(bus, DSA_GRPCAP, 8),
		.engcap = read_reg(bus, DSA_ENGCAP, 8),
	};
	for (unsigned int i = 0; i < 4; i++)
		caps->opcap[i] = read_reg(bus, (enum dsa_reg)(DSA_OPCAP0 + i), 8);
	dsa_model_destroy(bus);
	return 0;
}

/* ---- Files ---- */

/* Path below the tree. */
static void __attribute__((format(printf, 3, 4)))
path_of(struct writer *w, char path[PATH_MAX], const char *format, ...)
{
	int n = snprintf(path, PATH_MAX, "%s/", w->tree->path);
	va_list args;

	va_start(args, format);
	n += vsnprintf(path + n, (size_t)(PATH_MAX - n), format, args);
	va_end(args);
	if (n >= PATH_MAX && w->error == 0)
		w->error = -ENAMETOOLONG;
}

static void __attribute__((format(printf, 4, 5)))
put(struct writer *w, const char *object, const char *attribute, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	FILE *file;
	bool bad;

	path_of(w, path, "dsa/devices/%s/%s", object, attribute);
	file = w->error == 0 ? fopen(path, "we") : NULL;
	if (file == NULL) {
		w->error = w->error == 0 ? -errno : w->error;
		return;
	}
	va_start(args, format);
	bad = vfprintf(file, format, args) < 0 || fputc('\n', file) == EOF;
	va_end(args);
	if ((fclose(file) != 0 || bad) && w->error == 0)
		w->error = -EIO;
}

/* A directory of a thing, and the link to it. */
static void
make(struct writer *w, const char *object, bool is_device)
{
	char path[PATH_MAX], target[PATH_MAX];

	snprintf(target, sizeof(target), "../../devices/%s/dsa%u%s%s", w->device->address,
		 w->number, is_device ? "" : "/", is_device ? "" : object);
	path_of(w, path, "dsa/devices/%s", target);
	if (w->error == 0 && mkdir(path, 0755) < 0)
		w->error = -errno;
	path_of(w, path, "dsa/devices/%s", object);
	if (w->error == 0 && symlink(target, path) < 0)
		w->error = -errno;
}

/* ---- Things and their attributes (datasheet sections 20.2 to 20.4) ---- */

/* Bits as the kernel prints a bitmap: 32 at a time, the highest first. */
static void
put_operations(struct writer *w, const char *object, const char *attribute)
{
	const uint64_t *o = w->caps.opcap;

	put(w, object, attribute, "%08x,%08x,%08x,%08x,%08x,%08x,%08x,%08x",
	    (unsigned int)(o[3] >> 32), (unsigned int)o[3], (unsigned int)(o[2] >> 32),
	    (unsigned int)o[2], (unsigned int)(o[1] >> 32), (unsigned int)o[1],
	    (unsigned int)(o[0] >> 32), (unsigned int)o[0]);
}

static bool
is_set_up(const struct writer *w)
{
	return w->device->kernel != TREE_KERNEL_BARE;
}

static uint64_t
max_transfer(const struct writer *w)
{
	return UINT64_C(1) << REG_GET(DSA_GENCAP_MAX_XFER_SHIFT, w->caps.gencap);
}

static unsigned int
max_batch(const struct writer *w)
{
	return 1u << REG_GET(DSA_GENCAP_MAX_BATCH_SHIFT, w->caps.gencap);
}

static void
write_dsa(struct writer *w)
{
	const struct caps *c = &w->caps;
	unsigned int buffers = (unsigned int)REG_GET(DSA_GRPCAP_TOTAL_READ_BUFFERS, c->grpcap);
	char name[16];

	snprintf(name, sizeof(name), "dsa%u", w->number);
	make(w, name, true);
	put(w, name, "version", "0x%x", c->version);
	put(w, name, "max_work_queues_size", "%u",
	    (unsigned int)REG_GET(DSA_WQCAP_TOTAL_WQ_SIZE, c->wqcap));
	put(w, name, "max_work_queues", "%u", w->wqs);
	put(w, name, "max_groups", "%u", w->groups);
	put(w, name, "max_engines", "%u", w->engines);
	put(w, name, "max_batch_size", "%u", max_batch(w));
	put(w, name, "max_transfer_size", "%" PRIu64, max_transfer(w));
	put(w, name, "max_read_buffers", "%u", buffers);
	put(w, name, "max_tokens", "%u", buffers);
	put(w, name, "read_buffer_limit", "0");
	put(w, name, "token_limit", "0");
	put(w, name, "numa_node", "0");
	put_operations(w, name, "op_cap");
	put(w, name, "gen_cap", "0x%" PRIx64, c->gencap);
	put(w, name, "configurable", "%u", (unsigned int)REG_GET(DSA_GENCAP_CONFIG_SUPPORT,
								 c->gencap));
	put(w, name, "clients", "0");
	put(w, name, "pasid_enabled", "1");
	put(w, name, "state", "%s", is_set_up(w) ? "enabled" : "disabled");
	put(w, name, "errors", "0000000000000000 0000000000000000 0000000000000000 "
			       "0000000000000000");
	put(w, name, "cmd_status", "0x0");
	put(w, name, "cdev_major", "%u", CDEV_MAJOR);
}

static void
write_group(struct writer *w, unsigned int g)
{
	unsigned int buffers = (unsigned int)REG_GET(DSA_GRPCAP_TOTAL_READ_BUFFERS, w->caps.grpcap);
	char name[24], engines[256] = "", wqs[1024] = "";
	size_t n = 0;

	/* All in the first one. */
	for (unsigned int i = 0; g == 0 && is_set_up(w) && i < w->engines; i++)
		n += (size_t)snprintf(engines + n, sizeof(engines) - n, "%sengine%u.%u",
				      i > 0 ? " " : "", w->number, i);
	n = 0;
	for (unsigned int i = 0; g == 0 && is_set_up(w) && i < w->wqs; i++)
		n += (size_t)snprintf(wqs + n, sizeof(wqs) - n, "%swq%u.%u", i > 0 ? " " : "",
				      w->number, i);
	snprintf(name, sizeof(name), "group%u.%u", w->number, g);
	make(w, name, false);
	put(w, name, "engines", "%s", engines);
	put(w, name, "work_queues", "%s", wqs);
	put(w, name, "read_buffers_reserved", "0");
	put(w, name, "read_buffers_allowed", "%u", buffers);
	put(w, name, "use_read_buffer_limit", "0");
	put(w, name, "tokens_reserved", "0");
	put(w, name, "tokens_allowed", "%u", buffers);
	put(w, name, "use_token_limit", "0");
	put(w, name, "traffic_class_a", "1");
	put(w, name, "traffic_class_b", "1");
	put(w, name, "desc_progress_limit", "0");
	put(w, name, "batch_progress_limit", "0");
}

static void
write_engine(struct writer *w, unsigned int e)
{
	char name[24];

	snprintf(name, sizeof(name), "engine%u.%u", w->number, e);
	make(w, name, false);
	put(w, name, "group_id", "%d", is_set_up(w) ? 0 : -1);
}

/* A queue as its driver finds it, or divided among programs, with a name that DPDK looks for. */
static void
write_wq(struct writer *w, unsigned int q)
{
	bool shared = w->device->kernel == TREE_KERNEL_SHARED, ready = is_set_up(w);
	unsigned int size = ready ? (unsigned int)REG_GET(DSA_WQCAP_TOTAL_WQ_SIZE, w->caps.wqcap) /
					    w->wqs
				  : 0;
	char name[24];

	snprintf(name, sizeof(name), "wq%u.%u", w->number, q);
	make(w, name, false);
	put(w, name, "clients", "0");
	put(w, name, "state", "%s", ready ? "enabled" : "disabled");
	put(w, name, "group_id", "%d", ready ? 0 : -1);
	put(w, name, "mode", "%s", shared || !ready ? "shared" : "dedicated");
	put(w, name, "size", "%u", size);
	put(w, name, "priority", "%u", ready ? 10 : 0);
	put(w, name, "block_on_fault", "0");
	put(w, name, "threshold", "%u", shared ? (size > 1 ? size - 1 : 1) : 0);
	put(w, name, "type", "%s", ready ? "user" : "none");
	put(w, name, "name", ready ? "dpdk_%s" : "%.0s", name);
	put(w, name, "driver_name", "%s", ready ? "user" : "");
	put(w, name, "max_transfer_size", "%" PRIu64, max_transfer(w));
	put(w, name, "max_batch_size", "%u", max_batch(w));
	put(w, name, "ats_disable", "0");
	put(w, name, "enqcmds_retries", "32");
	put(w, name, "occupancy", "0");
	put(w, name, "cdev_minor", "%u", q);
}

/* ---- Links that tell what drives what ---- */

static void
link_driver(struct writer *w, const char *object, const char *driver)
{
	char path[PATH_MAX], target[PATH_MAX];

	path_of(w, path, "dsa/devices/%s/driver", object);
	path_of(w, target, "dsa/drivers/%s", driver);
	if (w->error == 0 && symlink(target, path) < 0)
		w->error = -errno;
}

static void
show_enabled(struct writer *w)
{
	char name[24], path[PATH_MAX];
	FILE *file;

	snprintf(name, sizeof(name), "dsa%u", w->number);
	link_driver(w, name, "idxd");
	for (unsigned int q = 0; q < w->wqs; q++) {
		snprintf(name, sizeof(name), "wq%u.%u", w->number, q);
		link_driver(w, name, "user");
		path_of(w, path, "dsa/dev/%s", name);
		file = w->error == 0 ? fopen(path, "we") : NULL;
		if (file != NULL)
			fclose(file);
	}
}

int
tree_dsa_begin(const struct tree *tree)
{
	static const char *const dirs[] = {"dsa", "dsa/dev", "dsa/devices", "dsa/drivers",
					   "dsa/drivers/idxd", "dsa/drivers/user"};
	static const char *const files[] = {"idxd/bind", "idxd/unbind", "user/bind", "user/unbind"};
	struct writer w = {.tree = tree};
	char path[PATH_MAX];
	FILE *file;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]) && w.error == 0; i++) {
		path_of(&w, path, "%s", dirs[i]);
		if (mkdir(path, 0755) < 0)
			w.error = errno == EEXIST ? 0 : -errno;
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && w.error == 0; i++) {
		path_of(&w, path, "dsa/drivers/%s", files[i]);
		file = fopen(path, "we");
		if (file == NULL)
			return -errno;
		fclose(file);
	}
	return w.error;
}

int
tree_dsa_write(const struct tree *tree, const struct tree_device *device, unsigned int number)
{
	struct writer w = {.tree = tree, .device = device, .number = number};

	w.error = caps_read(device, &w.caps);
	if (w.error < 0)
		return w.error;
	w.wqs = (unsigned int)REG_GET(DSA_WQCAP_NUM_WQS, w.caps.wqcap);
	w.groups = (unsigned int)REG_GET(DSA_GRPCAP_NUM_GROUPS, w.caps.grpcap);
	w.engines = (unsigned int)REG_GET(DSA_ENGCAP_NUM_ENGINES, w.caps.engcap);
	write_dsa(&w);
	for (unsigned int g = 0; g < w.groups; g++)
		write_group(&w, g);
	for (unsigned int e = 0; e < w.engines; e++)
		write_engine(&w, e);
	for (unsigned int q = 0; q < w.wqs; q++)
		write_wq(&w, q);
	if (is_set_up(&w))
		show_enabled(&w);
	return w.error;
}

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "bus_trace.h"
#include "ctl.h"
#include "device_priv.h"
#include "dma.h"
#include "fds.h"
#include "models.h"
#include "say.h"
#include "served.h"
#include "sys.h"
#include "trap.h"

/* The life of the devices: what the environment names, a model or a connection when one is opened,
 * reset, close.
 */

/* Words of the PCI Express capability that a reset clears and the kernel brings back. */
static const uint8_t exp_words[] = {0x08, 0x10, 0x18, 0x1c, 0x28, 0x30, 0x38};
#define EXP_WORDS (sizeof(exp_words) / sizeof(exp_words[0]))
/* Regions of the BARs of one device; the DLB has 166. */
#define REGIONS_MAX 256
/* Bytes of a device in SLIPWAY_DEVICES. */
#define ITEM_BYTES (80 + DEVICE_PATH)

static struct unit units[DEVICE_MAX];
static unsigned int unit_count;
static bool any_served;

static struct unit *
unit_of(struct device *dev)
{
	return (struct unit *)dev;
}

/* ---- What there is ---- */

/* "dlb,version=2.5,at=/run/dlb" into a unit, or the reason why not. */
static const char *
model_parse(struct unit *u, char *text)
{
	static char names[64];
	const char *why = NULL;
	char *save, *name, *option;

	name = strtok_r(text, ",", &save);
	u->model = name == NULL ? NULL : model_find(name);
	if (u->model == NULL) {
		snprintf(names, sizeof(names), "accepted models: %s", model_names);
		return names;
	}
	strcpy(u->dev.model, u->model->name);
	u->dev.version = u->model->standard;
	while (why == NULL && (option = strtok_r(NULL, ",", &save)) != NULL)
		why = model_option(u->model, &u->dev, option);
	u->dev.version_name = u->model->version[u->dev.version];
	return why;
}

/* "0000:7e:00.0 9000 dlb,version=2.5,at=/run/dlb" into a unit, or the reason why not. */
static const char *
unit_parse(struct unit *u, char *text)
{
	unsigned int domain, bus, slot, function;
	char *save, *address, *group, *model, *end;
	long number;

	address = strtok_r(text, " ", &save);
	group = strtok_r(NULL, " ", &save);
	model = strtok_r(NULL, " ", &save);
	if (model == NULL || strtok_r(NULL, " ", &save) != NULL)
		return "accepted: ADDRESS GROUP MODEL[,OPTION]...";
	if (strlen(address) != 12 ||
	    sscanf(address, "%4x:%2x:%2x.%1x", &domain, &bus, &slot, &function) != 4 || slot > 31 ||
	    function > 7)
		return "accepted addresses: 0000:00:00.0 to ffff:ff:1f.7";
	errno = 0;
	number = strtol(group, &end, 10);
	if (*end != '\0' || errno != 0 || number < 0 || number > 1000000)
		return "accepted groups: 0 to 1000000";
	if (device_of_group((int)number) != NULL)
		return "accepted groups: one device each";
	strcpy(u->dev.address, address);
	u->dev.group = (int)number;
	return model_parse(u, model);
}

static void
devices_parse(const char *list)
{
	char text[DEVICE_MAX * ITEM_BYTES], item[ITEM_BYTES], *save, *next;
	const char *why;

	if (list == NULL)
		return;
	if (strlen(list) >= sizeof(text)) {
		say("SLIPWAY_DEVICES has %zu bytes; accepted: up to %zu", strlen(list),
		    sizeof(text) - 1);
		return;
	}
	strcpy(text, list);
	for (next = strtok_r(text, ";", &save); next != NULL; next = strtok_r(NULL, ";", &save)) {
		struct unit *u = &units[unit_count];

		snprintf(item, sizeof(item), "%s", next);
		if (unit_count == DEVICE_MAX) {
			say("SLIPWAY_DEVICES: \"%s\" is one too many; accepted: %u devices", item,
			    DEVICE_MAX);
			return;
		}
		why = unit_parse(u, next);
		if (why != NULL) {
			say("SLIPWAY_DEVICES: \"%s\" is not a device; %s", item, why);
			memset(u, 0, sizeof(*u));
			continue;
		}
		atomic_store_explicit(&u->deadline, BUS_NO_DEADLINE, memory_order_relaxed);
		unit_irqs_forget(u);
		any_served |= u->dev.at[0] != '\0';
		unit_count++;
	}
}

unsigned int
device_count(void)
{
	/* 0 not yet, 1 somebody is at it, 2 done. */
	static _Atomic unsigned int parsed;
	unsigned int none = 0;

	/* Acquire pairs with the release below: the devices are seen with the mark. */
	if (atomic_load_explicit(&parsed, memory_order_acquire) == 2)
		return unit_count;
	if (!atomic_compare_exchange_strong(&parsed, &none, 1))
		return 0;
	devices_parse(getenv("SLIPWAY_DEVICES"));
	atomic_store_explicit(&parsed, 2, memory_order_release);
	return unit_count;
}

bool
device_any_served(void)
{
	return device_count() > 0 && any_served;
}

struct device *
device_get(unsigned int index)
{
	return &units[index].dev;
}

unsigned int
device_index(const struct device *dev)
{
	return (unsigned int)((const struct unit *)dev - units);
}

struct device *
device_of_group(int group)
{
	for (unsigned int i = 0; i < unit_count; i++)
		if (units[i].dev.group == group && !units[i].dev.kernel)
			return &units[i].dev;
	return NULL;
}

/* ---- What the model asks of its host ---- */

static struct unit *
unit_of_host(struct bus_host *host)
{
	return (struct unit *)(void *)((char *)host - offsetof(struct unit, host));
}

static const struct dma_space *
space_of(struct bus_host *host)
{
	struct unit *u = unit_of_host(host);

	/* Pairs with the release in device_set_space. */
	return atomic_load_explicit(&u->space, memory_order_acquire);
}

static void *
host_map(struct bus_host *host, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	 struct bus_fault *fault)
{
	const struct dma_space *space = space_of(host);
	void *p = space == NULL ? NULL : dma_pointer(space, iova, len, prot);

	if (p == NULL)
		*fault = (struct bus_fault){.iova = iova, .pasid = pasid, .prot = prot};
	return p;
}

/* The process's own memory, by the kernel: an address that is none is no fault of ours. */
static int
process_copy(uint64_t addr, void *bytes, size_t len, bool write)
{
	const struct iovec here = {.iov_base = bytes, .iov_len = len};
	const struct iovec there = {.iov_base = (void *)(uintptr_t)addr, .iov_len = len};
	long n = syscall(write ? SYS_process_vm_writev : SYS_process_vm_readv, getpid(), &here, 1,
			 &there, 1, 0);

	return n == (long)len ? 0 : -EFAULT;
}

static int
host_dma(struct bus_host *host, uint32_t pasid, uint64_t iova, void *bytes, size_t len, bool write)
{
	const struct dma_space *space = space_of(host);

	if (unit_of_host(host)->pasid != 0)
		return unit_of_host(host)->pasid == pasid ? process_copy(iova, bytes, len, write)
							  : -EFAULT;
	return space == NULL ? -EFAULT : dma_copy(space, iova, bytes, len, write);
}

static int
host_page_request(struct bus_host *host, uint32_t pasid, uint64_t iova, enum bus_prot prot)
{
	(void)host;
	(void)pasid;
	(void)iova;
	(void)prot;
	return -EFAULT;
}

static const struct bus_host_ops host_ops = {
	.map = host_map,
	.dma = host_dma,
	.page_request = host_page_request,
	.irq = unit_irq,
};

/* ---- Config space ---- */

uint32_t
unit_config_get(struct unit *u, unsigned int off, unsigned int len)
{
	uint32_t value = 0;

	u->dev.bus->ops->config(u->dev.bus, (uint16_t)off, &value, len, false);
	return value;
}

void
unit_config_set(struct unit *u, unsigned int off, unsigned int len, uint32_t value)
{
	u->dev.bus->ops->config(u->dev.bus, (uint16_t)off, &value, len, true);
}

/* Offset of a capability, or 0. A chain longer than there is room for goes in circles. */
static uint8_t
capability_find(struct unit *u, uint8_t id)
{
	unsigned int at = unit_config_get(u, PCI_OFF_CAPABILITIES, 1) & 0xfc;

	for (unsigned int n = 0; at != 0 && n < 48; n++) {
		if (unit_config_get(u, at, 1) == id)
			return (uint8_t)at;
		at = unit_config_get(u, at + 1, 1) & 0xfc;
	}
	return 0;
}

/* Up to 4 bytes of config space, aligned. */
static int
word_write(struct unit *u, uint16_t off, const void *bytes, size_t len)
{
	unsigned int flr = u->exp + EXP_DEVCTL + 1u; /* the byte with that bit */
	uint8_t word[4];
	bool reset = false;
	int ret;

	if (u->msix != 0 && off >= u->msix && off < u->msix + MSIX_BYTES)
		return 0;
	memcpy(word, bytes, len);
	if (u->exp != 0 && flr >= off && flr < off + len) {
		reset = (word[flr - off] & EXP_DEVCTL_FLR >> 8) != 0;
		word[flr - off] &= (uint8_t) ~(EXP_DEVCTL_FLR >> 8);
	}
	ret = u->dev.bus->ops->config(u->dev.bus, off, word, len, true);
	if (ret == 0 && reset)
		device_reset(&u->dev);
	return ret;
}

int
device_config(struct device *dev, uint16_t off, void *bytes, size_t len, bool write)
{
	struct unit *u = unit_of(dev);
	uint8_t *next = bytes;
	size_t piece;
	int ret;

	if (!write)
		return dev->bus->ops->config(dev->bus, off, bytes, len, false);
	if (off >= DEVICE_CONFIG || len > (size_t)DEVICE_CONFIG - off)
		return -EINVAL;
	/* In words, none of which lies across the end of a register that is treated apart. */
	for (; len > 0; len -= piece, off = (uint16_t)(off + piece), next += piece) {
		piece = len >= 4 && off % 4 == 0 ? 4 : len >= 2 && off % 2 == 0 ? 2 : 1;
		ret = word_write(u, off, next, piece);
		if (ret < 0)
			return ret;
	}
	unit_step(u);
	return 0;
}

/* ---- Reset ---- */

void
device_reset(struct device *dev)
{
	struct unit *u = unit_of(dev);
	uint32_t header[PCI_HEADER_DWORDS];
	uint16_t exp[EXP_WORDS] = {0};

	for (unsigned int i = 0; i < PCI_HEADER_DWORDS; i++)
		header[i] = unit_config_get(u, i * 4, 4);
	for (unsigned int i = 0; u->exp != 0 && i < EXP_WORDS; i++)
		exp[i] = (uint16_t)unit_config_get(u, u->exp + exp_words[i], 2);
	dev->bus->ops->reset(dev->bus, BUS_RESET_FUNCTION);
	for (unsigned int i = 0; u->exp != 0 && i < EXP_WORDS; i++)
		unit_config_set(u, u->exp + exp_words[i], 2, exp[i]);
	/* From behind, so that the BARs are there before the command register lets them answer. Its
	 * upper half is the status, where writing what was read would clear it.
	 */
	for (unsigned int i = PCI_HEADER_DWORDS; i-- > 0;)
		unit_config_set(u, i * 4, i == PCI_OFF_COMMAND / 4 ? 2 : 4, header[i]);
	if (u->irqs_on)
		device_enable_irqs(dev, true);
	unit_step(u);
}

/* ---- Life ---- */

static int
bars_measure(struct unit *u)
{
	static struct bus_region regions[REGIONS_MAX];
	int n = u->dev.bus->ops->describe(u->dev.bus, regions, REGIONS_MAX);
	uint64_t end;

	if (n > REGIONS_MAX)
		return -E2BIG;
	memset(u->dev.bar_size, 0, sizeof(u->dev.bar_size));
	for (int i = 0; i < n; i++) {
		end = regions[i].offset + regions[i].size;
		if (regions[i].bar < DEVICE_BARS && u->dev.bar_size[regions[i].bar] < end)
			u->dev.bar_size[regions[i].bar] = end;
	}
	return 0;
}

/* Rings and locks: memory that is the device's for good. NULL when there is none. Whoever serves a
 * device has rings of its own.
 */
static void *
unit_memory(struct unit *u)
{
	bool here = u->dev.at[0] == '\0';
	size_t rings = here && u->model->memory != NULL ? u->model->memory() : 0;
	void *p = sys_mmap(NULL, rings + UNIT_LOCKS * sizeof(struct page_lock),
			   PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	/* The rings are whole cache lines. */
	u->locks = (struct page_lock *)((char *)p + rings);
	return p;
}

/* The file of `slipway run --trace`: a descriptor, or -1 when there is none. */
static int
trace_open(void)
{
	static int hidden = -1;
	const char *path = getenv("SLIPWAY_TRACE");
	int fd;

	if (path == NULL || hidden >= 0)
		return hidden;
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
			  0600);
	if (fd >= 0)
		hidden = fds_hide(fd);
	if (fd < 0 || hidden < 0)
		say("SLIPWAY_TRACE=%s: %s; nothing is recorded", path,
		    strerror(fd < 0 ? errno : -hidden));
	return hidden;
}

/* Make the model, or connect to it. */
static int
bus_create(struct unit *u, void *rings, struct bus_host *host, struct bus_device **bus)
{
	return u->dev.at[0] == '\0' ? u->model->create(&u->dev, rings, host, bus)
				    : served_open(u, host, bus);
}

/* The same, behind a recorder when a trace is wanted. */
static int
bus_record(struct unit *u, void *rings)
{
	int fd = trace_open(), ret;
	struct bus_trace *trace = NULL;
	struct bus_device *bus;

	if (fd >= 0) {
		trace = bus_trace_create(fd, device_index(&u->dev), u->dev.model, u->dev.version,
					 &u->host);
		if (trace == NULL)
			return -errno;
	}
	ret = bus_create(u, rings, trace == NULL ? &u->host : bus_trace_host(trace), &bus);
	if (ret < 0) {
		bus_trace_destroy(trace);
		return ret;
	}
	u->dev.bus = trace == NULL ? bus : bus_trace_device(trace, bus);
	return 0;
}

static int
unit_plug(struct unit *u)
{
	void *memory = unit_memory(u);
	int ret;

	if (memory == NULL)
		return -ENOMEM;
	u->host.ops = &host_ops;
	ret = bus_record(u, memory);
	if (ret == 0 && u->served != NULL)
		served_measure(u);
	else if (ret == 0)
		ret = bars_measure(u);
	if (ret < 0)
		return ret;
	u->exp = capability_find(u, PCI_CAP_EXPRESS);
	u->msix = capability_find(u, PCI_CAP_MSIX);
	return 0;
}

/* The handlers are for good: children inherit them. */
static int
trap_install_once(void)
{
	static bool installed;
	int ret = installed ? 0 : trap_install();

	installed = ret == 0;
	return ret;
}

int
device_open(struct device *dev)
{
	struct unit *u = unit_of(dev);
	int ret = 0;

	if (u->opens > 0) {
		u->opens++;
		return 0;
	}
	if (dev->bus == NULL)
		ret = unit_plug(u);
	else if (u->served != NULL && served_lost(u))
		ret = -ENODEV;
	if (ret == 0)
		ret = stepper_start();
	if (ret == 0)
		ret = trap_install_once();
	if (ret < 0) {
		say("%s: cannot be opened: %s", dev->address, strerror(-ret));
		return ret;
	}
	/* What the kernel does at that point; bus mastering is left to the driver. */
	unit_config_set(u, PCI_OFF_COMMAND, 2, PCI_COMMAND_MEMORY);
	u->opens = 1;
	ctl_open(dev, device_index(dev));
	return 0;
}

void
device_close(struct device *dev)
{
	struct unit *u = unit_of(dev);

	if (--u->opens > 0)
		return;
	device_enable_irqs(dev, false);
	for (unsigned int i = 0; i < UNIT_VECTORS; i++)
		device_set_irq(dev, i, -1);
	dev->bus->ops->reset(dev->bus, BUS_RESET_FUNCTION);
}

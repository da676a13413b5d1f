/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "trace_device.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models.h"

/* ---- Devices ---- */

static void
label_set(struct trace_device *dev, const struct bus_trace_hello *hello)
{
	const struct model *model = model_find(hello->model);
	bool known = model != NULL && hello->version < MODEL_VERSIONS;

	snprintf(dev->label, sizeof(dev->label), "%s%s%s, device %u of process %" PRIu32,
		 hello->model, known ? " " : "",
		 known ? model->version[hello->version].name : "", dev->index, dev->pid);
}

/* False when memory is short. */
static bool
model_begin(struct trace_device *dev, const struct bus_trace_hello *hello)
{
	if (strcmp(hello->model, "dlb") == 0)
		return (dev->dlb = trace_dlb_create(hello->version)) != NULL;
	if (strcmp(hello->model, "dsa") == 0)
		return (dev->dsa = trace_dsa_create(hello->version)) != NULL;
	return true;
}

struct trace_device *
trace_device_begin(struct trace_devices *all, const struct bus_trace_record *r,
		   const struct bus_trace_hello *hello)
{
	struct trace_device *dev;

	if (all->count == TRACE_DEVICES_MAX)
		return NULL;
	dev = calloc(1, sizeof(*dev));
	if (dev == NULL)
		return NULL;
	dev->pid = r->pid;
	dev->index = r->device;
	dev->number = all->count + 1;
	label_set(dev, hello);
	if (!model_begin(dev, hello)) {
		free(dev);
		return NULL;
	}
	all->device[all->count++] = dev;
	return dev;
}

struct trace_device *
trace_device_of(const struct trace_devices *all, const struct bus_trace_record *r)
{
	/* The latest one first: a process number comes again. */
	for (unsigned int i = all->count; i-- > 0;)
		if (all->device[i]->pid == r->pid && all->device[i]->index == r->device)
			return all->device[i];
	return NULL;
}

void
trace_devices_free(struct trace_devices *all)
{
	for (unsigned int i = 0; i < all->count; i++) {
		trace_dlb_destroy(all->device[i]->dlb);
		trace_dsa_destroy(all->device[i]->dsa);
		free(all->device[i]);
	}
}

/* ---- Records in words ---- */

static uint64_t
little_endian(const unsigned char *bytes, size_t len)
{
	uint64_t value = 0;

	while (len-- > 0)
		value = value << 8 | bytes[len];
	return value;
}

static void
value_add(struct trace_item *item, const char *key, const unsigned char *bytes, size_t len)
{
	if (len <= sizeof(uint64_t))
		trace_item_hex(item, key, little_endian(bytes, len));
	else
		trace_item_bytes(item, key, bytes, len);
}

static void
config_record(struct trace_device *dev, const struct bus_trace_record *r,
	      const unsigned char *payload, struct trace_item *item, const struct trace_sink *sink)
{
	bool write = r->op == BUS_TRACE_CONFIG_WRITE;
	bool known = r->bytes != 0 && r->off + r->bytes <= TRACE_CONFIG_BYTES;
	char name[32];

	trace_config_name(&dev->config, r->off, name, sizeof(name));
	trace_item_begin(item, "config %s %s", write ? "write" : "read", name);
	trace_item_number(item, "bytes", r->value);
	if (r->bytes != 0)
		value_add(item, "value", payload, r->bytes);
	for (unsigned int i = 0; known && i < r->bytes; i++)
		known = dev->config.seen[r->off + i];
	if (known && memcmp(&dev->config.byte[r->off], payload, r->bytes) != 0)
		value_add(item, "was", &dev->config.byte[r->off], r->bytes);
	if (r->result < 0)
		return;
	if (write && trace_config_resets(&dev->config, r->off, payload, r->bytes)) {
		trace_item_text(item, "effect", "function-level reset");
		if (dev->dlb != NULL)
			trace_dlb_reset(dev->dlb, r, sink);
		return;
	}
	trace_config_see(&dev->config, r->off, payload, r->bytes);
}

static const char *
op_name(enum bus_trace_op op)
{
	static const char *const names[] = {
		[BUS_TRACE_READ] = "read",           [BUS_TRACE_WRITE] = "write",
		[BUS_TRACE_POST] = "post",           [BUS_TRACE_SUBMIT] = "submit",
		[BUS_TRACE_DMA_READ] = "dma read",   [BUS_TRACE_DMA_WRITE] = "dma write",
		[BUS_TRACE_DMA_FAULT] = "dma fault", [BUS_TRACE_PAGE_REQUEST] = "page request",
	};

	return names[op];
}

/* What is known of an operation without knowing the device. */
static void
plain_record(const struct bus_trace_record *r, const unsigned char *payload,
	     struct trace_item *item)
{
	switch (r->op) {
	case BUS_TRACE_RESET:
		trace_item_begin(item, "reset");
		trace_item_text(item, "kind", "%s",
				r->value == BUS_RESET_POWER ? "power" : "function");
		return;
	case BUS_TRACE_REMAP:
		trace_item_begin(item, "remap");
		return;
	case BUS_TRACE_IRQ:
		trace_item_begin(item, "interrupt %" PRIu64, r->value);
		item->instant = true;
		return;
	case BUS_TRACE_READ:
	case BUS_TRACE_WRITE:
	case BUS_TRACE_POST:
	case BUS_TRACE_SUBMIT:
		trace_item_begin(item, "%s BAR%u+0x%" PRIx64, op_name(r->op), r->bar, r->off);
		break;
	default:
		trace_item_begin(item, "%s 0x%" PRIx64, op_name(r->op), r->off);
		item->instant = r->op == BUS_TRACE_DMA_FAULT;
		break;
	}
	if (r->op == BUS_TRACE_READ || r->op == BUS_TRACE_WRITE)
		trace_item_hex(item, "value", r->value);
	else if (r->op == BUS_TRACE_PAGE_REQUEST)
		trace_item_text(item, "access", "%s", r->value & BUS_PROT_WRITE ? "write" : "read");
	else
		trace_item_number(item, "length", r->value);
	if (r->bytes != 0)
		trace_item_bytes(item, "bytes", payload, r->bytes);
}

void
trace_device_record(struct trace_device *dev, const struct bus_trace_record *r,
		    const unsigned char *payload, struct trace_item *item,
		    const struct trace_sink *sink)
{
	switch (r->op) {
	case BUS_TRACE_CONFIG_READ:
	case BUS_TRACE_CONFIG_WRITE:
		config_record(dev, r, payload, item, sink);
		break;
	case BUS_TRACE_READ:
	case BUS_TRACE_WRITE:
	case BUS_TRACE_POST:
	case BUS_TRACE_DMA_WRITE:
		if (dev->dlb != NULL)
			trace_dlb_record(dev->dlb, r, payload, item, sink);
		else if (dev->dsa != NULL)
			trace_dsa_record(dev->dsa, r, payload, item);
		else
			plain_record(r, payload, item);
		break;
	case BUS_TRACE_SUBMIT:
		if (dev->dsa != NULL)
			trace_dsa_record(dev->dsa, r, payload, item);
		else
			plain_record(r, payload, item);
		break;
	default:
		plain_record(r, payload, item);
		if (r->op == BUS_TRACE_RESET && dev->dlb != NULL)
			trace_dlb_reset(dev->dlb, r, sink);
		break;
	}
	if (r->pasid != BUS_NO_PASID)
		trace_item_number(item, "pasid", r->pasid);
	if (r->result < 0)
		trace_item_text(item, "error", "%s", strerror(-r->result));
}

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_share_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* A share as the bus sees it. */

static struct dlb_share *
share_of(struct bus_device *dev)
{
	return (struct dlb_share *)dev;
}

/* ---- Refusals ---- */

/* One line for each client: who tries one register tries all. */
static void
refuse(struct dlb_share *s, const char *what, const char *name, uint64_t where, uint64_t value)
{
	s->refused++;
	if (s->complained)
		return;
	s->complained = true;
	dlb_hub_say(s->hub,
		    "domain %u: refused: %s %s %#" PRIx64 ", value %#" PRIx64
		    "; accepted: what is its own; others like it are counted",
		    s->domain, what, name, where, value);
}

/* ---- Producer ports ---- */

/* Is it a page of a producer port, or where one would be? Whose is it? */
static bool
is_page(const struct dlb_share *s, unsigned int bar, uint64_t off, bool *own)
{
	uint64_t in_window = (off - DLB_PP_WINDOW_DIR) % DLB_PP_ALIAS;
	bool directed = in_window < DLB_PP_WINDOW_LDB - DLB_PP_WINDOW_DIR;
	uint64_t window = directed ? 0 : DLB_PP_WINDOW_LDB - DLB_PP_WINDOW_DIR;

	if (bar != 0 || off - DLB_PP_WINDOW_DIR >= 2 * DLB_PP_ALIAS)
		return false;
	*own = dlb_share_has_port(s, directed, (uint32_t)((in_window - window) / DLB_PP_SIZE));
	return true;
}

static void
share_post(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
	   unsigned int len)
{
	struct dlb_share *s = share_of(dev);
	bool own = false;

	if (!s->answers)
		return;
	if (is_page(s, bar, off, &own) && own)
		s->hub->dev->ops->post(s->hub->dev, bar, off, line, len);
	else
		refuse(s, "post to", "page", off, 0);
}

/* ---- Registers ---- */

static bool
find(const struct dlb_share *s, unsigned int bar, uint64_t off, unsigned int size,
     struct reg_at *at)
{
	return size == 4 && regfile_find(s->regs, bar, off, at);
}

static uint64_t
share_read(struct bus_device *dev, unsigned int bar, uint64_t off, unsigned int size)
{
	struct dlb_share *s = share_of(dev);
	struct reg_at at;
	bool own;

	if (!s->answers)
		return size > 4 ? UINT64_MAX : UINT32_MAX;
	if (is_page(s, bar, off, &own)) {
		if (own)
			return s->hub->dev->ops->read(s->hub->dev, bar, off, size);
		refuse(s, "read of", "page", off, 0);
	} else if (!find(s, bar, off, size, &at)) {
		refuse(s, "read of", "nothing at", off, 0);
	} else if (!dlb_share_owns(s, at)) {
		refuse(s, "read of", dlb_hub_name((enum dlb_reg)at.row), at.i, 0);
	} else {
		return dlb_share_read(s, at);
	}
	return 0;
}

static void
share_write(struct bus_device *dev, unsigned int bar, uint64_t off, uint64_t value,
	    unsigned int size)
{
	struct dlb_share *s = share_of(dev);
	struct reg_at at;

	if (!s->answers)
		return;
	if (!find(s, bar, off, size, &at))
		refuse(s, "write to", "nothing at", off, value);
	else if (!dlb_share_owns(s, at) || !dlb_share_write(s, at, (uint32_t)value))
		refuse(s, "write to", dlb_hub_name((enum dlb_reg)at.row), at.i, value);
}

/* ---- Configuration space ---- */

/* COMMAND and power state switch this share's ports and CQs, and no others. */
static void
command_apply(struct dlb_share *s)
{
	bool answers = pci_config_answers(&s->pci);
	bool may_master = pci_config_may_master(&s->pci);

	if (answers != s->answers || may_master != s->may_master) {
		s->answers = answers;
		s->may_master = may_master;
		for (uint32_t i = 0; i < DLB_LDB_PORTS; i++)
			if (dlb_share_has_port(s, false, i))
				dlb_share_gate(s, false, i);
		for (uint32_t i = 0; i < s->hub->dir_ports; i++)
			if (dlb_share_has_port(s, true, i))
				dlb_share_gate(s, true, i);
	}
	dlb_share_unmasked(s);
}

/* Nobody new gets in while a domain is in an unknown state. */
static bool
is_closed(const struct dlb_share *s)
{
	return s->dead || (s->hub->failed && !dlb_share_in_use(s));
}

static int
share_config(struct bus_device *dev, uint16_t off, void *bytes, size_t len, bool write)
{
	struct dlb_share *s = share_of(dev);
	bool wants_reset = false;
	int ret;

	if (is_closed(s)) {
		if (write)
			refuse(s, "write to", "configuration space of a closed domain, at", off, 0);
		else
			memset(bytes, 0xff, len);
		return (size_t)off + len > PCI_CFG_BYTES ? -EINVAL : 0;
	}
	if (!write)
		return pci_config_read(&s->pci, off, bytes, len);
	ret = pci_config_write(&s->pci, off, bytes, len, &wants_reset);
	if (ret < 0)
		return ret;
	if (wants_reset)
		dlb_share_reset(s, false);
	else
		command_apply(s);
	return 0;
}

/* ---- The rest ---- */

static int
share_describe(struct bus_device *dev, struct bus_region regions[], unsigned int max)
{
	return dlb_share_describe(share_of(dev), regions, max);
}

static uint64_t
share_step(struct bus_device *dev, uint64_t now_ns)
{
	struct dlb_hub *hub = share_of(dev)->hub;
	uint64_t deadline;

	if (now_ns > hub->now_ns)
		hub->now_ns = now_ns;
	deadline = hub->dev->ops->step(hub->dev, now_ns);
	dlb_hub_alarms(hub);
	return deadline;
}

static void
share_reset(struct bus_device *dev, enum bus_reset kind)
{
	dlb_share_reset(share_of(dev), kind == BUS_RESET_POWER);
}

static void
share_remap(struct bus_device *dev)
{
	struct dlb_hub *hub = share_of(dev)->hub;

	hub->dev->ops->remap(hub->dev);
}

const struct bus_device_ops dlb_share_ops = {
	.config = share_config,
	.describe = share_describe,
	.read = share_read,
	.write = share_write,
	.post = share_post,
	.step = share_step,
	.reset = share_reset,
	.remap = share_remap,
};

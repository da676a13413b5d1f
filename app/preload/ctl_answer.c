/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "ctl_priv.h"

#include <errno.h>
#include <string.h>

#include "ctl_dsa.h"
#include "ctl_regs.h"
#include "signals.h"

static void
answer_info(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	const struct ctl_device *about = arg;
	unsigned long long ms = ctl_now_ms() - about->since;
	const char *program = program_invocation_short_name;

	(void)request;
	ctl_text_add(t, "{\"device\":\"%s\",\"version\":\"%s\",\"index\":%u,\"address\":\"%s\",",
		     about->dev->model, about->dev->version_name, about->index,
		     about->dev->address);
	ctl_text_add(t, "\"pid\":%d,\"uptime\":%llu.%03llu,\"program\":", (int)about->pid,
		     ms / 1000, ms % 1000);
	ctl_text_quote(t, program, strnlen(program, 64));
	ctl_text_add(t, "}");
}

static uint32_t
read_register(void *arg, unsigned int bar, uint64_t off)
{
	const struct device *dev = arg;
	uint32_t value;

	signals_enter();
	value = (uint32_t)dev->bus->ops->read(dev->bus, bar, off, 4);
	signals_leave();
	return value;
}

static void
answer_dlb(const struct ctl_device *about, struct ctl_text *t)
{
	const struct ctl_registers regs = {
		.model = about->dev->model,
		.version = about->dev->version,
		.name = about->dev->address,
		.read = read_register,
		.arg = (void *)(uintptr_t)about->dev,
	};

	ctl_regs_answer(&regs, t);
}

static uint64_t
read_sized(void *arg, uint64_t off, unsigned int size)
{
	const struct device *dev = arg;
	uint64_t value;

	signals_enter();
	value = dev->bus->ops->read(dev->bus, 0, off, size);
	signals_leave();
	return value;
}

static void
read_config(void *arg, uint16_t off, void *bytes, size_t len)
{
	const struct device *dev = arg;

	signals_enter();
	dev->bus->ops->config(dev->bus, off, bytes, len, false);
	signals_leave();
}

static void
answer_dsa(const struct ctl_device *about, struct ctl_text *t)
{
	const struct ctl_dsa regs = {
		.name = about->dev->address,
		.read = read_sized,
		.config = read_config,
		.arg = (void *)(uintptr_t)about->dev,
	};

	ctl_dsa_answer(&regs, t);
}

static void
answer_regs(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	const struct ctl_device *about = arg;

	(void)request;
	if (strcmp(about->dev->model, "dsa") == 0)
		answer_dsa(about, t);
	else
		answer_dlb(about, t);
}

static const struct ctl_verb verbs[] = {
	{"info", false, answer_info},
	{"regs", false, answer_regs},
};

void
ctl_answer(void *about, struct ctl_request *request, struct ctl_text *t)
{
	ctl_verbs_answer(verbs, sizeof(verbs) / sizeof(verbs[0]), about, request, t);
}

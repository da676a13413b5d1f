/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "ctl_priv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dlb_reg_table.h"
#include "signals.h"

static const char *const versions[] = {[DLB_V20] = "2.0", [DLB_V25] = "2.5"};

uint64_t
ctl_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- Text ---- */

static bool
text_grow(struct ctl_text *t, size_t more)
{
	size_t room = t->room == 0 ? 1024 : t->room;
	char *bytes;

	while (room < t->len + more)
		room *= 2;
	bytes = realloc(t->bytes, room);
	if (bytes == NULL) {
		t->short_of_memory = true;
		return false;
	}
	t->bytes = bytes;
	t->room = room;
	return true;
}

void
ctl_text_add(struct ctl_text *t, const char *format, ...)
{
	char piece[256];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(piece, sizeof(piece), format, args);
	va_end(args);
	if (n < 0)
		return;
	if (n >= (int)sizeof(piece))
		n = sizeof(piece) - 1;
	if (t->len + (size_t)n > t->room && !text_grow(t, (size_t)n))
		return;
	memcpy(t->bytes + t->len, piece, (size_t)n);
	t->len += (size_t)n;
}

/* A JSON string of foreign text: what JSON or a terminal may not like is shown as '?'. */
static void
text_quote(struct ctl_text *t, const char *s, size_t len)
{
	ctl_text_add(t, "\"");
	for (size_t i = 0; i < len; i++)
		ctl_text_add(t, "%c",
			     s[i] < ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\' ? '?' : s[i]);
	ctl_text_add(t, "\"");
}

void
ctl_text_free(struct ctl_text *t)
{
	free(t->bytes);
	*t = (struct ctl_text){0};
}

/* ---- Answers ---- */

static void
answer_help(const struct ctl_device *about, struct ctl_text *t)
{
	(void)about;
	ctl_text_add(t, "{\"requests\":[\"help\",\"info\",\"regs\"]}");
}

static void
answer_info(const struct ctl_device *about, struct ctl_text *t)
{
	unsigned long long ms = ctl_now_ms() - about->since;
	const char *program = program_invocation_short_name;

	ctl_text_add(t, "{\"device\":\"%s\",\"version\":\"%s\",\"index\":%u,\"address\":\"%s\",",
		     about->dev->model, versions[about->dev->version], about->index,
		     about->dev->address);
	ctl_text_add(t, "\"pid\":%d,\"uptime\":%llu.%03llu,\"program\":", (int)about->pid,
		     ms / 1000, ms % 1000);
	text_quote(t, program, strnlen(program, 64));
	ctl_text_add(t, "}");
}

static uint32_t
read_register(const struct device *dev, const struct reg_row *row, uint64_t off)
{
	uint32_t value;

	signals_enter();
	value = (uint32_t)dev->bus->ops->read(dev->bus, row->bar, off, 4);
	signals_leave();
	return value;
}

/* A device whose memory space is off, or that sleeps, answers every read by ones. */
static bool
silent(const struct device *dev)
{
	const struct reg_row *row = &dlb_reg_rows[DLB_SYS_TOTAL_VAS];

	return read_register(dev, row, row->offset[dev->version]) == UINT32_MAX;
}

static void
list_registers(const struct ctl_device *about, struct ctl_text *t)
{
	unsigned int v = about->dev->version;
	const char *comma = "";

	ctl_text_add(t, "{\"device\":\"%s\",\"version\":\"%s\",\"registers\":[", about->dev->model,
		     versions[v]);
	for (unsigned int r = 0; r < DLB_REG_COUNT; r++) {
		const struct reg_row *row = &dlb_reg_rows[r];

		if (row->access == REG_WINDOW || row->bar == REG_BAR_VF)
			continue;
		for (uint32_t n = 0; n < row->count[v] * row->words; n++) {
			uint64_t off = row->offset[v] + (uint64_t)(n / row->words) * row->stride +
				       (uint64_t)(n % row->words) * row->word_stride;
			uint32_t value = read_register(about->dev, row, off);

			if (value == row->reset[v])
				continue;
			ctl_text_add(t, "%s[%u,%llu,%u]", comma, (unsigned int)row->bar,
				     (unsigned long long)off, value);
			comma = ",";
		}
	}
	ctl_text_add(t, "]}");
}

static void
answer_regs(const struct ctl_device *about, struct ctl_text *t)
{
	size_t start = t->len;

	if (!silent(about->dev)) {
		list_registers(about, t);
		/* Not in the middle of it either? */
		if (!silent(about->dev))
			return;
		t->len = start;
	}
	ctl_text_add(t,
		     "{\"error\":\"%s answers no register now: its driver has switched its memory "
		     "space off, or sent it to sleep\"}",
		     about->dev->address);
}

static const struct {
	const char *request;
	void (*answer)(const struct ctl_device *about, struct ctl_text *t);
} requests[] = {
	{"help", answer_help},
	{"info", answer_info},
	{"regs", answer_regs},
};

static void
answer_unknown(const char *request, size_t len, struct ctl_text *t)
{
	char shown[64];

	len = len < sizeof(shown) ? len : sizeof(shown);
	for (size_t i = 0; i < len; i++)
		shown[i] = request[i] == '"' ? '\'' : request[i];
	ctl_text_add(t, "{\"error\":\"unknown request; accepted are help, info and regs\","
			"\"request\":");
	text_quote(t, shown, len);
	ctl_text_add(t, "}");
}

void
ctl_answer(const struct ctl_device *about, const char *request, size_t len, struct ctl_text *t)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (strlen(requests[i].request) != len ||
		    memcmp(requests[i].request, request, len) != 0)
			continue;
		requests[i].answer(about, t);
		return;
	}
	answer_unknown(request, len, t);
}

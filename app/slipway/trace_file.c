/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "trace_file.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "reg.h"
#include "slipway.h"

int
trace_file_open(struct trace_file *f, const char *name)
{
	f->name = name;
	f->offset = 0;
	f->in = fopen(name, "rb");
	if (f->in == NULL) {
		complain("trace: %s: cannot be read: %s", name, strerror(errno));
		return -1;
	}
	return 0;
}

void
trace_file_close(struct trace_file *f)
{
	fclose(f->in);
}

/* ---- What is wrong with it ---- */

static int
bad_at(const struct trace_file *f, uint64_t offset, const char *why)
{
	if (offset == 0)
		complain("trace: %s: %s", f->name, why);
	else
		complain("trace: %s: offset %" PRIu64 ": %s; what comes before it was converted",
			 f->name, offset, why);
	return -1;
}

int
trace_file_bad(const struct trace_file *f, const struct bus_trace_record *r, const char *why)
{
	return bad_at(f, f->offset - sizeof(*r) - r->bytes, why);
}

/* Fewer bytes than wanted: an error, an end where none should be, or an empty file. */
static int
short_read(const struct trace_file *f, size_t got)
{
	if (ferror(f->in)) {
		complain("trace: %s: cannot be read: %s", f->name, strerror(errno));
		return -1;
	}
	if (f->offset == 0 && got == 0)
		return bad_at(f, 0, "is empty: no device was opened while it was recorded");
	if (f->offset == 0)
		return bad_at(f, 0, "is not a bus trace, or only the beginning of one");
	return got == 0 ? 0 : bad_at(f, f->offset, "the file ends within a record");
}

static const char *
head_fault(const struct bus_trace_record *r)
{
	if (r->mark != BUS_TRACE_MARK || r->zero != 0)
		return "no record begins here";
	if (r->op < BUS_TRACE_DEVICE || r->op > BUS_TRACE_IRQ)
		return "a record of an operation that is not known";
	if (r->bytes > BUS_TRACE_PAYLOAD_MAX)
		return "a record with more bytes than there can be";
	if (r->op == BUS_TRACE_DEVICE && r->bytes != sizeof(struct bus_trace_hello))
		return "a device that does not say what it is";
	return NULL;
}

static const char *
hello_fault(const struct bus_trace_hello *hello)
{
	if (memcmp(hello->magic, BUS_TRACE_MAGIC, sizeof(hello->magic)) != 0)
		return "a device that does not say what it is";
	if (hello->format != BUS_TRACE_FORMAT)
		return "a format that this program does not know";
	if (memchr(hello->model, '\0', sizeof(hello->model)) == NULL ||
	    hello->version >= REG_VERSIONS)
		return "a device that there is not";
	for (const char *c = hello->model; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			return "a device that there is not";
	return NULL;
}

/* ---- Records ---- */

int
trace_file_next(struct trace_file *f, struct bus_trace_record *r)
{
	size_t got = fread(r, 1, sizeof(*r), f->in);
	const char *why;

	if (got < sizeof(*r))
		return short_read(f, got);
	why = head_fault(r);
	if (why == NULL && f->offset == 0 && r->op != BUS_TRACE_DEVICE)
		why = "no device begins here";
	if (why != NULL)
		return bad_at(f, f->offset, f->offset == 0 ? "is not a bus trace" : why);
	got = fread(f->payload, 1, r->bytes, f->in);
	if (got < r->bytes)
		return short_read(f, sizeof(*r) + got);
	why = r->op == BUS_TRACE_DEVICE ? hello_fault(&f->hello) : NULL;
	if (why != NULL)
		return bad_at(f, f->offset, why);
	f->offset += sizeof(*r) + r->bytes;
	return 1;
}

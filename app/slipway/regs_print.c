/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "regs.h"
#include "regs_table.h"
#include "slipway.h"

#define NAME_LEN   64
#define FIELDS_LEN 1024

/* Every register of a version with its value, in the order of the table. */
struct view {
	struct regs_table table;
	uint32_t first[REGS_ROWS_MAX]; /* index of each row's first value */
	uint32_t total;
	uint64_t *value;
	bool *given; /* the dump lists it */
};

/* A register that is shown. */
struct shown {
	char name[NAME_LEN];
	unsigned int row; /* REGS_ROWS_MAX: no register, as far as the table knows */
	unsigned int bar;
	uint64_t off;
	uint64_t value;
	bool changed;
};

typedef int (*show_fn)(const struct shown *reg, void *ctx);

/* Values of a row. */
static uint32_t
values_of(const struct reg_text *text, unsigned int row)
{
	return text->rows[row].count[text->version] * text->rows[row].words;
}

/* ---- Names that are wanted ---- */

/* A pattern fits the whole name, or the name without its indexes: "[3]" is both an index and, to
 * fnmatch, a set of characters, so the plain name counts, too.
 */
static bool
matches(const char *filter, const char *name, const char *row)
{
	return filter == NULL || strcasecmp(filter, name) == 0 ||
	       fnmatch(filter, name, FNM_CASEFOLD) == 0 || fnmatch(filter, row, FNM_CASEFOLD) == 0;
}

bool
regs_filter_fits(const char *filter, const struct regs_dump *dump)
{
	static struct regs_table table;
	const struct reg_text *text = &table.text;
	char name[NAME_LEN];

	regs_table_of(&table, dump);
	for (unsigned int r = 0; r < text->row_count; r++) {
		const struct reg_row *row = &text->rows[r];

		for (uint32_t n = 0; n < values_of(text, r); n++) {
			reg_text_name(text, r, n / row->words, n % row->words, name, sizeof(name));
			if (matches(filter, name, row->name))
				return true;
		}
	}
	/* What has no name shows as its address. */
	return strncasecmp(filter, "BAR", 3) == 0;
}

/* ---- Values ---- */

static void
view_free(struct view *view)
{
	if (view != NULL) {
		free(view->value);
		free(view->given);
	}
	free(view);
}

/* A word goes into its half of a register of 8 bytes. */
static void
word_put(uint64_t *value, uint32_t word, bool high)
{
	unsigned int shift = high ? 32 : 0;

	*value = (*value & ~((uint64_t)UINT32_MAX << shift)) | (uint64_t)word << shift;
}

static void
view_fill(struct view *view, const struct regs_dump *dump)
{
	const struct reg_text *text = &view->table.text;
	unsigned int row;
	uint32_t i, word;
	bool high;

	for (unsigned int r = 0; r < text->row_count; r++)
		for (uint32_t n = 0; n < values_of(text, r); n++)
			view->value[view->first[r] + n] = text->rows[r].reset[text->version];
	for (size_t n = 0; n < dump->count; n++) {
		const struct regs_value *v = &dump->values[n];

		if (!regs_table_find(&view->table, v->bar, v->off, &row, &i, &word, &high))
			continue;
		i = view->first[row] + i * text->rows[row].words + word;
		word_put(&view->value[i], v->value, high);
		view->given[i] = true;
	}
}

/* NULL when memory is short. */
static struct view *
view_create(const struct regs_dump *dump)
{
	struct view *view = calloc(1, sizeof(*view));

	if (view == NULL)
		return NULL;
	regs_table_of(&view->table, dump);
	for (unsigned int r = 0; r < view->table.text.row_count; r++) {
		view->first[r] = view->total;
		view->total += values_of(&view->table.text, r);
	}
	view->value = calloc(view->total, sizeof(*view->value));
	view->given = calloc(view->total, sizeof(*view->given));
	if (view->value == NULL || view->given == NULL) {
		view_free(view);
		return NULL;
	}
	view_fill(view, dump);
	return view;
}

/* Is the value of a register that is not listed known to be its reset value? Nobody lists windows
 * and the registers of virtual functions, and not everybody those that act when written.
 */
static bool
always_known(const struct reg_row *row)
{
	return row->access != REG_WINDOW && row->access != REG_TRIGGER &&
	       row->access != REG_WO && row->bar != REG_BAR_VF;
}

/* ---- What is shown ---- */

/* A register by its place in the table: is it shown? */
static bool
choose(const struct view *view, const struct view *before, const struct regs_options *options,
       unsigned int r, uint32_t n, struct shown *reg)
{
	const struct reg_text *text = &view->table.text;
	const struct reg_row *row = &text->rows[r];
	uint32_t at = view->first[r] + n, i = n / row->words, word = n % row->words;

	reg->row = r;
	reg->bar = row->bar;
	reg->value = view->value[at];
	reg->changed = before != NULL && before->value[at] != reg->value;
	if (reg->value == row->reset[text->version] && !reg->changed &&
	    !(options->all && (view->given[at] || always_known(row))))
		return false;
	reg->off = reg_text_offset(text, r, i, word);
	reg_text_name(text, r, i, word, reg->name, sizeof(reg->name));
	return matches(options->filter, reg->name, row->name);
}

/* Values at addresses that the table does not have. */
static int
each_unknown(const struct view *view, const struct regs_dump *dump,
	     const struct regs_options *options, show_fn show, void *ctx)
{
	struct shown reg = {.row = REGS_ROWS_MAX};
	unsigned int row;
	uint32_t i, word;
	bool high;
	int ret = 0;

	for (size_t n = 0; ret == 0 && n < dump->count; n++) {
		const struct regs_value *v = &dump->values[n];

		if (regs_table_find(&view->table, v->bar, v->off, &row, &i, &word, &high))
			continue;
		snprintf(reg.name, sizeof(reg.name), "BAR%u+0x%" PRIx64, v->bar, v->off);
		reg.bar = v->bar;
		reg.off = v->off;
		reg.value = v->value;
		if (matches(options->filter, reg.name, reg.name))
			ret = show(&reg, ctx);
	}
	return ret;
}

static int
each_shown(const struct view *view, const struct view *before, const struct regs_dump *dump,
	   const struct regs_options *options, show_fn show, void *ctx)
{
	struct shown reg;
	int ret = 0;

	for (unsigned int r = 0; r < view->table.text.row_count; r++)
		for (uint32_t n = 0; ret == 0 && n < values_of(&view->table.text, r); n++)
			if (choose(view, before, options, r, n, &reg))
				ret = show(&reg, ctx);
	return ret == 0 ? each_unknown(view, dump, options, show, ctx) : ret;
}

/* ---- As a table ---- */

struct table {
	const struct view *view;
	int width; /* of the longest name */
	bool marks;
};

static int
measure(const struct shown *reg, void *ctx)
{
	struct table *table = ctx;
	int length = (int)strlen(reg->name);

	if (length > table->width)
		table->width = length;
	return 0;
}

static int
print_row(const struct shown *reg, void *ctx)
{
	const struct table *table = ctx;
	const struct reg_text *text = &table->view->table.text;
	char fields[FIELDS_LEN] = "";
	int digits = 8;

	if (reg->row < text->row_count) {
		reg_text_fields(text, reg->row, reg->value, fields, sizeof(fields));
		digits = text->rows[reg->row].bytes == 8 ? 16 : 8;
	}
	if (table->marks)
		fputs(reg->changed ? "* " : "  ", stdout);
	printf("%-*s  0x%0*" PRIx64 "%s%s\n", table->width, reg->name, digits, reg->value,
	       fields[0] != '\0' ? "  " : "", fields);
	return 0;
}

static int
print_table(const struct view *view, const struct view *before, const struct regs_dump *dump,
	    const struct regs_options *options)
{
	struct table table = {.view = view, .marks = options->watch > 0};

	each_shown(view, before, dump, options, measure, &table);
	printf("%s %s%s\n", dump->model->name, regs_version_name(dump),
	       table.width == 0 ? ": no register differs from its reset value" : "");
	return each_shown(view, before, dump, options, print_row, &table);
}

/* ---- As JSON ---- */

struct document {
	const struct view *view;
	json_t *list;
	bool marks;
};

static json_t *
fields_object(const struct reg_text *text, const struct shown *reg)
{
	json_t *fields = json_object();

	for (size_t n = 0; n < text->field_count; n++) {
		const struct reg_field *f = &text->fields[n];

		if (f->row == reg->row && (f->versions >> text->version & 1))
			json_object_set_new(
				fields, f->name,
				json_integer((json_int_t)reg_text_field(f, reg->value)));
	}
	return fields;
}

static int
add_object(const struct shown *reg, void *ctx)
{
	struct document *document = ctx;
	const struct reg_text *text = &document->view->table.text;
	json_t *object = json_pack("{s:s, s:i, s:I, s:I}", "name", reg->name, "bar", (int)reg->bar,
				   "offset", (json_int_t)reg->off, "value", (json_int_t)reg->value);

	if (reg->row < text->row_count) {
		uint64_t reset = text->rows[reg->row].reset[text->version];

		json_object_set_new(object, "reset", json_integer((json_int_t)reset));
		json_object_set_new(object, "fields", fields_object(text, reg));
	}
	if (document->marks)
		json_object_set_new(object, "changed", json_boolean(reg->changed));
	return json_array_append_new(document->list, object) < 0 ? -ENOMEM : 0;
}

static int
print_json(const struct view *view, const struct view *before, const struct regs_dump *dump,
	   const struct regs_options *options)
{
	struct document document = {
		.view = view, .list = json_array(), .marks = options->watch > 0};
	int ret = each_shown(view, before, dump, options, add_object, &document);
	json_t *root = json_pack("{s:s, s:s, s:o}", "device", dump->model->name, "version",
				 regs_version_name(dump), "registers", document.list);

	/* Of several looks each is a line. */
	if (ret == 0 &&
	    json_dumpf(root, stdout, document.marks ? JSON_COMPACT : JSON_INDENT(1)) < 0)
		ret = -ENOMEM;
	putchar('\n');
	json_decref(root);
	return ret;
}

int
regs_print(const struct regs_dump *dump, const struct regs_dump *before,
	   const struct regs_options *options)
{
	struct view *view = view_create(dump), *old = NULL;
	int ret = -ENOMEM;

	/* A device of another version in its place has nothing to compare with. */
	if (before != NULL && before->model == dump->model && before->version == dump->version) {
		old = view_create(before);
		if (old == NULL)
			goto out;
	}
	if (view != NULL)
		ret = (options->json ? print_json : print_table)(view, old, dump, options);
out:
	if (ret < 0)
		complain("%s", strerror(-ret));
	view_free(view);
	view_free(old);
	return ret;
}

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "doctor.h"

static const char *const state_names[DOCTOR_STATES] = {
	[DOCTOR_OK] = "ok",
	[DOCTOR_NOTE] = "note",
	[DOCTOR_PROBLEM] = "problem",
};

/* ---- Findings ---- */

static void
set_text(json_t *finding, const char *name, const char *format, va_list args)
{
	char text[512];

	vsnprintf(text, sizeof(text), format, args);
	/* Names of files need not be UTF-8, which is all that JSON takes. */
	if (json_object_set_new(finding, name, json_string(text)) < 0)
		json_object_set_new(finding, name, json_string("(a name that is not UTF-8)"));
}

void
doctor_say(struct doctor *d, enum doctor_state state, const char *subject, const char *format, ...)
{
	/* In the order in which a reader wants them. */
	json_t *finding = json_pack("{s:s, s:s?, s:s, s:s, s:n}", "about", d->about, "subject",
				    subject, "state", state_names[state], "says", "", "next");
	va_list args;

	va_start(args, format);
	set_text(finding, "says", format, args);
	va_end(args);
	json_array_append_new(d->findings, finding);
	d->count[state]++;
}

void
doctor_next(struct doctor *d, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set_text(json_array_get(d->findings, json_array_size(d->findings) - 1), "next", format,
		 args);
	va_end(args);
}

enum doctor_state
doctor_missing(const struct doctor *d, unsigned int uses)
{
	return (d->uses & uses) != 0 ? DOCTOR_PROBLEM : DOCTOR_NOTE;
}

/* ---- The table ---- */

/* A column as wide as its longest subject, but for those that would push the text away. */
static int
subject_width(const struct doctor *d)
{
	size_t width = 0, i, n;
	json_t *finding;

	json_array_foreach(d->findings, i, finding)
	{
		n = json_string_length(json_object_get(finding, "subject"));
		if (n > width && n <= 24)
			width = n;
	}
	return (int)width;
}

static const char *
text_of(json_t *finding, const char *name)
{
	const char *text = json_string_value(json_object_get(finding, name));

	return text == NULL ? "" : text;
}

void
doctor_print(const struct doctor *d)
{
	const char *about = "", *next;
	int width = subject_width(d);
	json_t *finding;
	size_t i;

	json_array_foreach(d->findings, i, finding)
	{
		if (strcmp(about, text_of(finding, "about")) != 0)
			printf("%s%s\n", i > 0 ? "\n" : "", text_of(finding, "about"));
		about = text_of(finding, "about");
		printf("  %-7s  %-*s  %s\n", text_of(finding, "state"), width,
		       text_of(finding, "subject"), text_of(finding, "says"));
		next = text_of(finding, "next");
		if (next[0] != '\0')
			printf("  %-7s  %-*s  do: %s\n", "", width, "", next);
	}
	printf("\n%u ok, %u to note, %u problem%s\n", d->count[DOCTOR_OK], d->count[DOCTOR_NOTE],
	       d->count[DOCTOR_PROBLEM], d->count[DOCTOR_PROBLEM] == 1 ? "" : "s");
}

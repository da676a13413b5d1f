/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_script.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dlb_hcw.h"

#define FIRST_LINE    "check-dlb script 1"
#define LINE_MAX_TEXT 400

/** How an argument is written. */
enum arg_type {
	ARG_NUMBER,
	ARG_PLACE, /**< of a port or queue: 3, or d1 for a directed one */
	ARG_VERSION,
	ARG_SCHED,
	ARG_SWITCH,
	ARG_HOST,
};

struct arg_form {
	const char *name;
	enum arg_type type;
	uint32_t max;
};

struct line_form {
	const char *name;
	struct arg_form arg[DLB_SCRIPT_ARGS];
};

#define PORT                                               \
	{                                                  \
		"port", ARG_PLACE, DLB_SCRIPT_DIRECTED + 8 \
	}
#define TO                                               \
	{                                                \
		"to", ARG_PLACE, DLB_SCRIPT_DIRECTED + 8 \
	}
#define COUNT(max)                       \
	{                                \
		"count", ARG_NUMBER, max \
	}
#define TYPE                         \
	{                            \
		"type", ARG_SCHED, 3 \
	}
#define PRIORITY                          \
	{                                 \
		"priority", ARG_NUMBER, 7 \
	}
#define LOCK                              \
	{                                 \
		"lock", ARG_NUMBER, 65535 \
	}
#define FLAGS                          \
	{                              \
		"flags", ARG_NUMBER, 7 \
	}
#define WITH_TOKEN                     \
	{                              \
		"token", ARG_SWITCH, 1 \
	}
#define EVENT TO, TYPE, PRIORITY, LOCK, FLAGS, WITH_TOKEN
#define NUMBER(name, max)             \
	{                             \
		name, ARG_NUMBER, max \
	}

static const struct line_form forms[DLB_LINE_KINDS] = {
	[DLB_LINE_DEVICE] = {"device",
			     {{"version", ARG_VERSION, 1},
			      {"host", ARG_HOST, 2},
			      {"sparse-ldb", ARG_SWITCH, 1},
			      {"sparse-dir", ARG_SWITCH, 1},
			      NUMBER("sn-mode-0", 4),
			      NUMBER("sn-mode-1", 4),
			      NUMBER("alarms", 63),
			      {"comp-t-one", ARG_SWITCH, 1},
			      {"lock-in-qid", ARG_SWITCH, 1},
			      {"weights-are-shares", ARG_SWITCH, 1},
			      NUMBER("arbiters", 3)}},
	[DLB_LINE_DOMAIN] = {"domain",
			     {NUMBER("id", 31), NUMBER("credits", 16384),
			      NUMBER("dir-credits", 4096)}},
	[DLB_LINE_QUEUE] = {"queue",
			    {NUMBER("domain", 2),
			     NUMBER("id", 31),
			     NUMBER("inflights", 2048),
			     NUMBER("stage", 2047),
			     NUMBER("flows", 2047),
			     {"atomic", ARG_SWITCH, 1},
			     {"ordered", ARG_SWITCH, 1},
			     NUMBER("sn-group", 1),
			     NUMBER("sn-slot", 15),
			     NUMBER("fold", 7),
			     NUMBER("threshold", 8188)}},
	[DLB_LINE_PORT] = {"port",
			   {NUMBER("domain", 2), NUMBER("id", 63), NUMBER("depth", 1024),
			    NUMBER("history", 2048), NUMBER("inflights", 2048),
			    NUMBER("history-base", 2047)}},
	[DLB_LINE_DIRECTED] = {"directed",
			       {NUMBER("domain", 2), NUMBER("id", 95), NUMBER("depth", 1024),
				NUMBER("threshold", 8188)}},
	[DLB_LINE_LINK] = {"link", {PORT, NUMBER("queue", 11), PRIORITY}},
	[DLB_LINE_NEW] = {"new", {PORT, COUNT(2048), EVENT}},
	[DLB_LINE_FWD] = {"forward", {PORT, COUNT(2048), EVENT}},
	[DLB_LINE_FRAG] = {"fragment", {PORT, COUNT(64), EVENT}},
	[DLB_LINE_COMP] = {"complete", {PORT, COUNT(2048)}},
	[DLB_LINE_TOKENS] = {"tokens", {PORT, COUNT(1024)}},
	[DLB_LINE_COMP_TOKENS] = {"complete-and-tokens", {PORT, COUNT(1024)}},
	[DLB_LINE_NOOP] = {"noop", {PORT, COUNT(8), NUMBER("junk", UINT32_MAX)}},
	[DLB_LINE_ARM] = {"arm", {PORT}},
	[DLB_LINE_SEND] = {"send", {PORT, COUNT(4), {"single", ARG_SWITCH, 1}}},
	[DLB_LINE_SYNC] = {"sync", {{NULL, 0, 0}}},
	[DLB_LINE_STEP] = {"step", {NUMBER("ns", 1000000), COUNT(16)}},
	[DLB_LINE_SETTLE] = {"settle", {{NULL, 0, 0}}},
	[DLB_LINE_MEANWHILE] = {"meanwhile",
				{PORT, COUNT(3), EVENT, {"by-register", ARG_SWITCH, 1}}},
	[DLB_LINE_DISABLE] = {"disable", {PORT}},
	[DLB_LINE_ENABLE] = {"enable", {PORT}},
	[DLB_LINE_MAP] = {"map", {PORT, NUMBER("queue", 11), PRIORITY}},
	[DLB_LINE_UNMAP] = {"unmap", {PORT, NUMBER("queue", 11)}},
	[DLB_LINE_LINK_WORK] = {"link-work", {{NULL, 0, 0}}},
	[DLB_LINE_BAD_COMMAND] = {"bad-command", {PORT, NUMBER("command", 15)}},
	[DLB_LINE_BAD_QUEUE] = {"bad-queue", {PORT, NUMBER("queue", 255), TYPE}},
	[DLB_LINE_BAD_TYPE] = {"bad-type", {PORT, TO}},
	[DLB_LINE_DISABLED_QUEUE] = {"disabled-queue", {PORT, TO}},
	[DLB_LINE_BAD_PORT] = {"bad-port", {PORT, NUMBER("id", 95)}},
	[DLB_LINE_EXCESS_COMP] = {"excess-completion", {PORT, TO, {"forward", ARG_SWITCH, 1}}},
	[DLB_LINE_EXCESS_TOKENS] = {"excess-tokens", {PORT, COUNT(512)}},
	[DLB_LINE_BAD_FRAG] = {"bad-fragment", {PORT, TO}},
	[DLB_LINE_OVER_CREDIT] = {"over-credit", {PORT, COUNT(64), TO}},
	[DLB_LINE_CLEAR_ALARM] = {"clear-alarm", {{NULL, 0, 0}}},
	[DLB_LINE_RESET_DOMAIN] = {"reset-domain", {NUMBER("domain", 2)}},
	[DLB_LINE_RESET_DEVICE] = {"reset-device", {{"by-config", ARG_SWITCH, 1}}},
};

static const char *const version_names[] = {"2.0", "2.5", NULL};
static const char *const sched_names[] = {"atomic", "unordered", "ordered", "directed", NULL};
static const char *const switch_names[] = {"no", "yes", NULL};
static const char *const host_names[] = {"map", "copy", "pieces", NULL};

static const char *const *
names_of(enum arg_type type)
{
	switch (type) {
	case ARG_VERSION:
		return version_names;
	case ARG_SCHED:
		return sched_names;
	case ARG_SWITCH:
		return switch_names;
	case ARG_HOST:
		return host_names;
	default:
		return NULL;
	}
}

bool
dlb_script_add(struct dlb_script *s, const struct dlb_script_line *line)
{
	if (s->count == s->room) {
		unsigned int room = s->room == 0 ? 256 : 2 * s->room;
		struct dlb_script_line *grown = realloc(s->line, room * sizeof(*grown));

		if (grown == NULL)
			return false;
		s->line = grown;
		s->room = room;
	}
	s->line[s->count++] = *line;
	return true;
}

bool
dlb_script_copy(struct dlb_script *to, const struct dlb_script *from)
{
	*to = (struct dlb_script){.seed = from->seed};
	for (unsigned int n = 0; n < from->count; n++)
		if (!dlb_script_add(to, &from->line[n])) {
			dlb_script_free(to);
			return false;
		}
	return true;
}

void
dlb_script_free(struct dlb_script *s)
{
	free(s->line);
	*s = (struct dlb_script){0};
}

bool
dlb_script_has_count(const struct dlb_script_line *line)
{
	const char *name = forms[line->kind].arg[DLB_ARG_COUNT].name;

	return line->kind >= DLB_LINE_FIRST_OP && name != NULL && strcmp(name, "count") == 0;
}

static int
print_arg(const struct arg_form *form, uint32_t value, char *text, size_t len)
{
	const char *const *names = names_of(form->type);

	if (names != NULL)
		return snprintf(text, len, " %s %s", form->name, names[value]);
	if (form->type == ARG_PLACE && value >= DLB_SCRIPT_DIRECTED)
		return snprintf(text, len, " %s d%" PRIu32, form->name,
				value - DLB_SCRIPT_DIRECTED);
	return snprintf(text, len, " %s %" PRIu32, form->name, value);
}

int
dlb_script_print_line(const struct dlb_script_line *line, char *text, size_t len)
{
	const struct line_form *form = &forms[line->kind];
	int total = snprintf(text, len, "%s", form->name);

	for (unsigned int n = 0; n < DLB_SCRIPT_ARGS && form->arg[n].name != NULL; n++) {
		size_t at = (size_t)total < len ? (size_t)total : len;

		total += print_arg(&form->arg[n], line->arg[n], text + at, len - at);
	}
	return total;
}

void
dlb_script_print(const struct dlb_script *s, FILE *to)
{
	char text[LINE_MAX_TEXT];

	fprintf(to, FIRST_LINE "\n");
	if (s->seed != 0)
		fprintf(to, "# made from seed 0x%016" PRIx64 "\n", s->seed);
	for (unsigned int n = 0; n < s->count; n++) {
		dlb_script_print_line(&s->line[n], text, sizeof(text));
		fprintf(to, "%s\n", text);
	}
}

static bool
read_value(const struct arg_form *form, const char *word, uint32_t *value)
{
	const char *const *names = names_of(form->type);
	uint32_t base = 0;
	char *end;
	unsigned long long number;

	for (uint32_t n = 0; names != NULL && names[n] != NULL; n++)
		if (strcmp(names[n], word) == 0) {
			*value = n;
			return true;
		}
	if (names != NULL)
		return false;
	if (form->type == ARG_PLACE && *word == 'd') {
		base = DLB_SCRIPT_DIRECTED;
		word++;
	}
	if (*word < '0' || *word > '9')
		return false;
	number = strtoull(word, &end, 10);
	*value = (uint32_t)(base + number);
	return *end == '\0' && number <= form->max && base + number <= form->max;
}

static bool
read_args(const struct line_form *form, struct dlb_script_line *line, char **save, char *problem,
	  size_t len)
{
	for (unsigned int n = 0; n < DLB_SCRIPT_ARGS && form->arg[n].name != NULL; n++) {
		const struct arg_form *arg = &form->arg[n];
		const char *name = strtok_r(NULL, " \n", save);
		const char *word = strtok_r(NULL, " \n", save);

		if (name == NULL || word == NULL || strcmp(name, arg->name) != 0) {
			snprintf(problem, len, "'%s' needs '%s' and a value here", form->name,
				 arg->name);
			return false;
		}
		if (!read_value(arg, word, &line->arg[n])) {
			snprintf(problem, len, "'%s %s' is not accepted, the largest is %" PRIu32,
				 name, word, arg->max);
			return false;
		}
	}
	return true;
}

static bool
read_line(struct dlb_script *s, char *text, char *problem, size_t len)
{
	char *save = NULL;
	const char *word = strtok_r(text, " \n", &save);
	struct dlb_script_line line = {0};

	if (word == NULL || *word == '#')
		return true;
	for (line.kind = 0; line.kind < DLB_LINE_KINDS; line.kind++)
		if (strcmp(forms[line.kind].name, word) == 0)
			break;
	if (line.kind == DLB_LINE_KINDS) {
		snprintf(problem, len, "'%s' is not an operation", word);
		return false;
	}
	if (!read_args(&forms[line.kind], &line, &save, problem, len))
		return false;
	if (dlb_script_add(s, &line))
		return true;
	snprintf(problem, len, "no memory");
	return false;
}

bool
dlb_script_read(struct dlb_script *s, FILE *from, char *problem, size_t len)
{
	char text[LINE_MAX_TEXT], what[160];
	unsigned int number = 1;

	*s = (struct dlb_script){0};
	if (fgets(text, sizeof(text), from) == NULL || strcmp(text, FIRST_LINE "\n") != 0) {
		snprintf(problem, len, "line 1 is not '" FIRST_LINE "'");
		return false;
	}
	while (fgets(text, sizeof(text), from) != NULL) {
		number++;
		if (read_line(s, text, what, sizeof(what)))
			continue;
		snprintf(problem, len, "line %u: %s", number, what);
		dlb_script_free(s);
		return false;
	}
	return true;
}

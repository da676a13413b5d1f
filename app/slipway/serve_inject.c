/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "serve_inject.h"

#include <stdio.h>
#include <string.h>

#include "dlb_hcw.h"
#include "serve_words.h"

#define VECTORS       65u /* 0: alarms; 1 to 64: CQs */
#define INTERRUPT_MAX 1000000u
#define PERCENT_MAX   99u
/* From one enabling of a slow consumer's CQ to the next. */
#define PERIOD_NS UINT64_C(10000000)
#define LIST_MAX  160

/* Registers by kind of port and queue: [0] load-balanced, [1] directed. */
static const struct kind {
	const char *name;
	enum dlb_reg port_valid, queue_valid, disabled, queue_limit;
	uint32_t queue_limit_value;
} kinds[2] = {
	{"ldb", DLB_SYS_LDB_PP_V, DLB_SYS_LDB_QID_V, DLB_LSP_CQ_LDB_DSBL, DLB_LSP_QID_LDB_INFL_LIM,
	 0},
	{"dir", DLB_SYS_DIR_PP_V, DLB_SYS_DIR_QID_V, DLB_LSP_CQ_DIR_DSBL, DLB_LSP_CQ_DIR_DSBL, 1},
};

/* ---- Words ---- */

/* "ldb:3" or "dir:7". */
static bool
port_or_queue(const char *text, const struct kind **kind, uint32_t *id)
{
	unsigned long value;

	for (unsigned int k = 0; k < 2; k++) {
		if (strncmp(text, kinds[k].name, 3) != 0 || text[3] != ':' ||
		    !serve_words_number(text + 4, 0, DLB_DIR_PORTS_MAX - 1, &value))
			continue;
		*kind = &kinds[k];
		*id = (uint32_t)value;
		return true;
	}
	return false;
}

/* Those in use: "ldb:0, ldb:1". */
static void
list_in_use(const struct serve_regs *regs, bool queues, char *buf, size_t len)
{
	size_t at = 0;

	buf[0] = '\0';
	for (unsigned int k = 0; k < 2; k++) {
		enum dlb_reg row = queues ? kinds[k].queue_valid : kinds[k].port_valid;

		for (uint32_t i = 0; i < serve_reg_count(regs, row); i++) {
			if (!(serve_reg_read(regs, row, i) & 1))
				continue;
			if (at + 16 > len) {
				snprintf(buf + at, len - at, " ...");
				return;
			}
			at += (size_t)snprintf(buf + at, len - at, "%s%s:%u", at > 0 ? ", " : "",
					       kinds[k].name, i);
		}
	}
	if (at == 0)
		snprintf(buf, len, "none, as no driver has set one up");
}

/* ---- Faults that hold a register ---- */

static struct serve_fault *
fault_find(struct serve_inject *inject, enum dlb_reg row, uint32_t i)
{
	for (unsigned int n = 0; n < SERVE_FAULTS; n++) {
		struct serve_fault *f = &inject->fault[n];

		if (f->used && !f->interrupt && f->row == row && f->i == i)
			return f;
	}
	return NULL;
}

static struct serve_fault *
fault_free(struct serve_inject *inject)
{
	for (unsigned int n = 0; n < SERVE_FAULTS; n++)
		if (!inject->fault[n].used)
			return &inject->fault[n];
	return NULL;
}

static void
hold(struct serve_inject *inject, struct serve_fault *f, bool held)
{
	f->held = held;
	serve_reg_write(inject->regs, f->row, f->i, held ? f->value : f->wanted);
}

static void
clear(struct serve_inject *inject, struct serve_fault *f)
{
	if (!f->interrupt && f->held)
		hold(inject, f, false);
	*f = (struct serve_fault){0};
}

static void
done(struct serve_inject *inject, const char *name, struct ctl_text *t)
{
	inject->count++;
	ctl_text_add(t, "{\"injected\":\"%s\"}", name);
}

static void
full(struct ctl_text *t)
{
	ctl_text_error(t, "%u faults are in force, which is the most; clear some first",
		       SERVE_FAULTS);
}

/* One that is there already for this register takes on the new name and share. */
static void
hold_register(struct serve_inject *inject, const struct serve_fault *how, uint64_t now_ns,
	      struct ctl_text *t)
{
	struct serve_fault *f = fault_find(inject, how->row, how->i);
	uint32_t wanted;

	if (f != NULL) {
		wanted = f->wanted;
	} else {
		wanted = serve_reg_read(inject->regs, how->row, how->i);
		f = fault_free(inject);
	}
	if (f == NULL) {
		full(t);
		return;
	}
	*f = *how;
	f->used = true;
	f->wanted = wanted;
	if (f->percent > 0)
		f->turn = now_ns + PERIOD_NS * (100 - f->percent) / 100;
	hold(inject, f, true);
	done(inject, f->name, t);
}

static void
full_queue(struct serve_inject *inject, const struct serve_words *w, uint64_t now_ns,
	   struct ctl_text *t)
{
	struct serve_fault f = {0};
	const struct kind *kind;
	char in_use[LIST_MAX];

	if (w->count != 2 || !port_or_queue(w->word[1], &kind, &f.i) ||
	    f.i >= serve_reg_count(inject->regs, kind->queue_valid) ||
	    !(serve_reg_read(inject->regs, kind->queue_valid, f.i) & 1)) {
		list_in_use(inject->regs, true, in_use, sizeof(in_use));
		ctl_text_error(t, "full-queue %s: accepted are the queues in use: %s",
			       w->count > 1 ? w->word[1] : "", in_use);
		return;
	}
	f.row = kind->queue_limit;
	f.value = kind->queue_limit_value;
	snprintf(f.name, sizeof(f.name), "full-queue %s:%u", kind->name, f.i);
	hold_register(inject, &f, now_ns, t);
}

static void
slow_consumer(struct serve_inject *inject, const struct serve_words *w, uint64_t now_ns,
	      struct ctl_text *t)
{
	struct serve_fault f = {.value = 1};
	const struct kind *kind;
	char in_use[LIST_MAX];
	unsigned long percent = 0;

	if (w->count < 2 || !port_or_queue(w->word[1], &kind, &f.i) ||
	    f.i >= serve_reg_count(inject->regs, kind->port_valid) ||
	    !(serve_reg_read(inject->regs, kind->port_valid, f.i) & 1)) {
		list_in_use(inject->regs, false, in_use, sizeof(in_use));
		ctl_text_error(t, "slow-consumer %s: accepted are the ports in use: %s",
			       w->count > 1 ? w->word[1] : "", in_use);
		return;
	}
	if (w->count > 2 && !serve_words_number(w->word[2], 0, PERCENT_MAX, &percent)) {
		ctl_text_error(t, "slow-consumer %s %s: accepted are 0 to %u percent", w->word[1],
			       w->word[2], PERCENT_MAX);
		return;
	}
	f.row = kind->disabled;
	f.percent = (unsigned int)percent;
	snprintf(f.name, sizeof(f.name), "slow-consumer %s:%u %lu", kind->name, f.i, percent);
	hold_register(inject, &f, now_ns, t);
}

/* ---- Interrupts ---- */

static void
dropped_interrupt(struct serve_inject *inject, const struct serve_words *w, uint64_t now_ns,
		  struct ctl_text *t)
{
	struct serve_fault *f = fault_free(inject);
	unsigned long vector, count = 1;

	(void)now_ns;
	if (w->count < 2 || !serve_words_number(w->word[1], 0, VECTORS - 1, &vector) ||
	    (w->count > 2 && !serve_words_number(w->word[2], 1, INTERRUPT_MAX, &count))) {
		ctl_text_error(t,
			       "dropped-interrupt %s %s: accepted are a vector, 0 (alarms) to %u, "
			       "and how many, 1 to %u",
			       w->count > 1 ? w->word[1] : "", w->count > 2 ? w->word[2] : "",
			       VECTORS - 1, INTERRUPT_MAX);
		return;
	}
	for (unsigned int n = 0; n < SERVE_FAULTS; n++)
		if (inject->fault[n].used && inject->fault[n].interrupt &&
		    inject->fault[n].vector == vector)
			f = &inject->fault[n];
	if (f == NULL) {
		full(t);
		return;
	}
	*f = (struct serve_fault){
		.used = true, .interrupt = true, .vector = (unsigned int)vector, .left = count};
	snprintf(f->name, sizeof(f->name), "dropped-interrupt %lu", vector);
	done(inject, f->name, t);
}

bool
serve_inject_drops(struct serve_inject *inject, unsigned int vector)
{
	for (unsigned int n = 0; n < SERVE_FAULTS; n++) {
		struct serve_fault *f = &inject->fault[n];

		if (!f->used || !f->interrupt || f->vector != vector || f->left == 0)
			continue;
		f->dropped++;
		f->left--;
		return true;
	}
	return false;
}

/* ---- Alarms ---- */

/* What a port sends to provoke each; datasheet sections 7.1 and 9.4. */
static const struct alarm {
	const char *name;
	enum dlb_cmd cmd;
	uint32_t queue;
	bool closed;         /* the port stays closed */
	uint32_t enable_bit; /* of SYS_INGRESS_ALARM_ENBL; 0: this one needs none */
} alarms[] = {
	{"illegal-command", (enum dlb_cmd)0xf, 0, false,
	 1u << DLB_SYS_INGRESS_ALARM_ENBL_ILLEGAL_HCW_LO},
	{"illegal-port", DLB_CMD_NEW, 0, true, 1u << DLB_SYS_INGRESS_ALARM_ENBL_ILLEGAL_PP_LO},
	{"illegal-queue", DLB_CMD_NEW, 127, false, 1u << DLB_SYS_INGRESS_ALARM_ENBL_ILLEGAL_QID_LO},
	{"excess-completion", DLB_CMD_COMP, 0, false, 0},
	{"excess-tokens", DLB_CMD_BAT_T, 0, false, 0},
};

#define ALARM_COUNT (sizeof(alarms) / sizeof(alarms[0]))

/* The last load-balanced port that no driver uses; none: false. */
static bool
idle_port(const struct serve_regs *regs, uint32_t *port)
{
	for (uint32_t i = DLB_LDB_PORTS; i-- > 0;)
		if (!(serve_reg_read(regs, DLB_SYS_LDB_PP_V, i) & 1)) {
			*port = i;
			return true;
		}
	return false;
}

/* The port is open, and ingress alarms are on, for this one command. */
static uint32_t
provoke(struct serve_inject *inject, const struct alarm *a, uint32_t port)
{
	const struct serve_regs *regs = inject->regs;
	uint32_t enabled = serve_reg_read(regs, DLB_SYS_INGRESS_ALARM_ENBL, 0);
	struct dlb_qe line[DLB_LINE_HCWS] = {0};

	line[0].meta = REG_PUT(DLB_HCW_CMD, a->cmd) | REG_PUT(DLB_QE_QID, a->queue) |
		       REG_PUT(DLB_QE_SCHED, DLB_UNORDERED);
	serve_reg_write(regs, DLB_SYS_INGRESS_ALARM_ENBL, 0, enabled | a->enable_bit);
	serve_reg_write(regs, DLB_SYS_LDB_PP_V, port, !a->closed);
	inject->post(inject->arg, serve_reg_offset(regs, DLB_LDB_PP, port), line, sizeof(line));
	/* A read sees to the post first. */
	serve_reg_read(regs, DLB_SYS_TOTAL_VAS, 0);
	serve_reg_write(regs, DLB_SYS_LDB_PP_V, port, 0);
	serve_reg_write(regs, DLB_SYS_INGRESS_ALARM_ENBL, 0, enabled);
	return serve_reg_read(regs, DLB_SYS_ALARM_PF_SYND0, 0);
}

static void
alarm_kinds(char *buf, size_t len)
{
	size_t at = 0;

	for (size_t i = 0; i < ALARM_COUNT; i++)
		at += (size_t)snprintf(buf + at, len - at, "%s%s",
				       i == 0                 ? ""
				       : i + 1 == ALARM_COUNT ? " and "
							      : ", ",
				       alarms[i].name);
}

static void
alarm_now(struct serve_inject *inject, const struct serve_words *w, uint64_t now_ns,
	  struct ctl_text *t)
{
	char accepted[LIST_MAX];
	uint32_t port, syndrome;

	(void)now_ns;
	for (size_t i = 0; i < ALARM_COUNT && w->count == 2; i++) {
		if (strcmp(w->word[1], alarms[i].name) != 0)
			continue;
		if (!idle_port(inject->regs, &port)) {
			ctl_text_error(t,
				       "alarm %s: the driver uses every load-balanced port, and "
				       "one that it does not use is needed",
				       alarms[i].name);
			return;
		}
		syndrome = provoke(inject, &alarms[i], port);
		inject->count++;
		ctl_text_add(t, "{\"injected\":\"alarm %s\",\"port\":\"ldb:%u\",", alarms[i].name,
			     port);
		ctl_text_add(t, "\"syndrome\":%u}", syndrome);
		return;
	}
	alarm_kinds(accepted, sizeof(accepted));
	ctl_text_error(t, "alarm %s: accepted are %s", w->count > 1 ? w->word[1] : "", accepted);
}

/* ---- Requests ---- */

static void
list(const struct serve_inject *inject, struct ctl_text *t)
{
	const char *comma = "";

	ctl_text_add(t, "{\"faults\":[");
	for (unsigned int n = 0; n < SERVE_FAULTS; n++) {
		const struct serve_fault *f = &inject->fault[n];

		if (!f->used)
			continue;
		ctl_text_add(t, "%s{\"fault\":\"%s\"", comma, f->name);
		if (f->interrupt)
			ctl_text_add(t, ",\"dropped\":%llu,\"left\":%llu",
				     (unsigned long long)f->dropped, (unsigned long long)f->left);
		ctl_text_add(t, "}");
		comma = ",";
	}
	ctl_text_add(t, "]}");
}

/* All of them, or the one whose name these words begin. */
static void
clear_named(struct serve_inject *inject, const struct serve_words *w, uint64_t now_ns,
	    struct ctl_text *t)
{
	char name[64] = "";
	unsigned int cleared = 0;
	size_t len;

	(void)now_ns;
	for (unsigned int i = 1; i < w->count; i++)
		strcat(strcat(name, i > 1 ? " " : ""), w->word[i]);
	len = strlen(name);
	for (unsigned int n = 0; n < SERVE_FAULTS; n++) {
		struct serve_fault *f = &inject->fault[n];

		if (!f->used || strncmp(f->name, name, len) != 0 ||
		    (len > 0 && f->name[len] != '\0' && f->name[len] != ' '))
			continue;
		clear(inject, f);
		cleared++;
	}
	if (cleared == 0 && len > 0)
		ctl_text_error(t, "clear %s: no such fault is in force", name);
	else
		ctl_text_add(t, "{\"cleared\":%u}", cleared);
}

static const struct {
	const char *name;
	bool registers; /* needs a device that answers */
	void (*run)(struct serve_inject *inject, const struct serve_words *w, uint64_t now_ns,
		    struct ctl_text *t);
} faults[] = {
	{"full-queue", true, full_queue},
	{"slow-consumer", true, slow_consumer},
	{"dropped-interrupt", false, dropped_interrupt},
	{"alarm", true, alarm_now},
	{"clear", false, clear_named},
};

void
serve_inject_answer(struct serve_inject *inject, const char *text, size_t len, uint64_t now_ns,
		    struct ctl_text *t)
{
	struct serve_words w;
	bool ok = serve_words_split(text, len, &w);

	if (ok && w.count == 1 && strcmp(w.word[0], "list") == 0) {
		list(inject, t);
		return;
	}
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]) && ok && w.count > 0; i++) {
		if (strcmp(w.word[0], faults[i].name) != 0)
			continue;
		if (faults[i].registers && serve_regs_silent(inject->regs))
			ctl_text_error(t,
				       "%s: the device answers no register now: no driver has "
				       "switched it on",
				       w.word[0]);
		else
			faults[i].run(inject, &w, now_ns, t);
		return;
	}
	ctl_text_error(t, "inject: accepted are full-queue QUEUE, slow-consumer PORT [PERCENT], "
			  "dropped-interrupt VECTOR [COUNT], alarm KIND, clear [FAULT] and list");
}

void
serve_inject_names(const struct serve_inject *inject, struct ctl_text *t)
{
	const char *comma = "";

	for (unsigned int n = 0; n < SERVE_FAULTS; n++) {
		if (!inject->fault[n].used)
			continue;
		ctl_text_add(t, "%s\"%s\"", comma, inject->fault[n].name);
		comma = ",";
	}
}

/* ---- What the driver does meanwhile ---- */

uint32_t
serve_inject_write(struct serve_inject *inject, unsigned int bar, uint64_t off, uint32_t value)
{
	uint32_t i;

	for (unsigned int n = 0; n < SERVE_FAULTS; n++) {
		struct serve_fault *f = &inject->fault[n];

		if (!f->used || f->interrupt || !serve_reg_is(inject->regs, f->row, bar, off, &i) ||
		    i != f->i)
			continue;
		f->wanted = value;
		if (inject->paused)
			return value;
		/* After a reset this is where it takes hold again. */
		if (f->turn == 0)
			f->held = true;
		return f->held ? f->value : value;
	}
	return value;
}

void
serve_inject_reset(struct serve_inject *inject)
{
	for (unsigned int n = 0; n < SERVE_FAULTS; n++) {
		struct serve_fault *f = &inject->fault[n];

		f->held = false;
		if (f->used && !f->interrupt)
			f->wanted = serve_reg_reset(inject->regs, f->row);
	}
}

void
serve_inject_pause(struct serve_inject *inject, bool pause)
{
	for (unsigned int n = 0; n < SERVE_FAULTS && pause; n++) {
		struct serve_fault *f = &inject->fault[n];

		if (f->used && f->held)
			hold(inject, f, false);
	}
	inject->paused = pause;
}

uint64_t
serve_inject_step(struct serve_inject *inject, uint64_t now_ns)
{
	uint64_t next = BUS_NO_DEADLINE;

	if (inject->paused)
		return next;
	for (unsigned int n = 0; n < SERVE_FAULTS; n++) {
		struct serve_fault *f = &inject->fault[n];

		if (!f->used || f->turn == 0)
			continue;
		if (now_ns >= f->turn) {
			hold(inject, f, !f->held);
			f->turn = now_ns +
				  PERIOD_NS * (f->held ? 100 - f->percent : f->percent) / 100;
		}
		next = f->turn < next ? f->turn : next;
	}
	return next;
}

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dlb_run.h"
#include "options.h"

/* A run has this many operations, or up to so many more. */
#define OPS_LEAST  300
#define OPS_SPREAD 1700
/* Runs spent on making a failing script shorter: some seconds. */
#define SHRINK_RUNS 2000

struct totals {
	unsigned int runs, failed;
	uint64_t commands, taken, dropped, delivered;
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void
save(const struct options *o, const struct dlb_script *s)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/check-dlb-%016" PRIx64 ".script", o->save, s->seed);
	file = fopen(path, "w");
	if (file == NULL) {
		fprintf(stderr, "check-dlb: %s: %s\n", path, strerror(errno));
		return;
	}
	dlb_script_print(s, file);
	if (fclose(file) == 0)
		printf("saved as %s\n", path);
}

static void
fail(const struct options *o, struct dlb_script *s, struct dlb_run_result *result)
{
	unsigned int before = s->count, runs;

	printf("\nseed 0x%016" PRIx64 ", line %u of %u: %s: %s\n", s->seed, result->line, s->count,
	       result->rule, result->text);
	fflush(stdout);
	runs = dlb_run_shrink(s, &dlb_run_model, SHRINK_RUNS, result);
	printf("shrunk from %u to %u lines in %u runs: %s: %s\n\n", before, s->count, runs,
	       result->rule, result->text);
	dlb_script_print(s, stdout);
	save(o, s);
	fflush(stdout);
}

static unsigned int
ops_of(const struct options *o, uint64_t seed)
{
	/* A multiplication spreads seeds that follow each other. */
	uint64_t mixed = seed * UINT64_C(0x9e3779b97f4a7c15) >> 33;

	return o->ops != 0 ? o->ops : OPS_LEAST + (unsigned int)(mixed % OPS_SPREAD);
}

static bool
one_run(const struct options *o, uint64_t seed, struct totals *t)
{
	struct dlb_run_result result;
	struct dlb_script script;
	bool right;

	if (!dlb_script_generate(&script, seed, ops_of(o, seed))) {
		fprintf(stderr, "check-dlb: no memory\n");
		return false;
	}
	dlb_run(&script, &dlb_run_model, NULL, &result);
	right = result.error == 0 && result.rule == NULL;
	t->runs++;
	t->failed += !right;
	t->commands += result.commands;
	t->taken += result.taken;
	t->dropped += result.dropped;
	t->delivered += result.delivered;
	if (result.error != 0)
		fprintf(stderr, "check-dlb: seed 0x%016" PRIx64 ": %s\n", seed,
			strerror(-result.error));
	else if (!right)
		fail(o, &script, &result);
	dlb_script_free(&script);
	return right;
}

static void
summary(const struct options *o, const struct totals *t, double seconds)
{
	printf("\nfirst seed  0x%016" PRIx64 "\nruns        %u\nfailed      %u\n"
	       "commands    %" PRIu64 "\nevents      %" PRIu64 " taken, %" PRIu64
	       " dropped, %" PRIu64 " delivered\nseconds     %.1f\n",
	       o->seed, t->runs, t->failed, t->commands, t->taken, t->dropped, t->delivered,
	       seconds);
}

static int
random_runs(const struct options *o)
{
	struct totals t = {0};
	double begun = now(), told = 0;
	bool terminal = isatty(STDOUT_FILENO);

	printf("first seed 0x%016" PRIx64 ", %u runs\n", o->seed, o->runs);
	for (unsigned int n = 0; n < o->runs; n++) {
		double spent = now() - begun;

		if (o->seconds != 0 && spent >= o->seconds)
			break;
		if (terminal && spent - told > 0.2) {
			printf("\r%u runs, %u failed", n, t.failed);
			fflush(stdout);
			told = spent;
		}
		if (!one_run(o, o->seed + n, &t) && !o->keep_going)
			break;
	}
	summary(o, &t, now() - begun);
	return t.failed == 0 && t.runs > 0 ? 0 : 1;
}

static int
replay(const char *path)
{
	struct dlb_run_result result;
	struct dlb_script script;
	char problem[200];
	FILE *file = fopen(path, "r");
	bool read;

	if (file == NULL) {
		fprintf(stderr, "check-dlb: %s: %s\n", path, strerror(errno));
		return 2;
	}
	read = dlb_script_read(&script, file, problem, sizeof(problem));
	fclose(file);
	if (!read) {
		fprintf(stderr, "check-dlb: %s: %s\n", path, problem);
		return 2;
	}
	dlb_run(&script, &dlb_run_model, stdout, &result);
	dlb_script_free(&script);
	if (result.error != 0) {
		fprintf(stderr, "check-dlb: %s: no device is like that\n", path);
		return 2;
	}
	printf("\n%" PRIu64 " commands, %" PRIu64 " events taken, %" PRIu64 " dropped, %" PRIu64
	       " delivered\n",
	       result.commands, result.taken, result.dropped, result.delivered);
	if (result.rule == NULL)
		printf("all was allowed\n");
	else
		printf("line %u: %s: %s\n", result.line, result.rule, result.text);
	return result.rule != NULL;
}

int
main(int argc, char **argv)
{
	struct options o;

	switch (options_read(&o, argc, argv)) {
	case OPTIONS_DONE:
		return 0;
	case OPTIONS_WRONG:
		fprintf(stderr, "See check-dlb --help.\n");
		return 2;
	default:
		return o.replay != NULL ? replay(o.replay) : random_runs(&o);
	}
}

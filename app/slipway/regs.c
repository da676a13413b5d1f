/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * slipway regs: the registers of a device by name, live or from a file.
 */
#include "regs.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "slipway.h"

#define WATCH_MIN 0.1
#define WATCH_MAX 3600

static const char help[] =
	"NAME\n"
	"       slipway regs - show the registers of a device by name\n"
	"\n"
	"SYNOPSIS\n"
	"       slipway regs\n"
	"       slipway regs [--all] [--json] [--save FILE] [--watch SECONDS] [--filter GLOB]\n"
	"                    TARGET\n"
	"\n"
	"DESCRIPTION\n"
	"       Shows name, value and fields of those registers that differ from their reset\n"
	"       values. Reading disturbs nothing. Values of one look are read one after the\n"
	"       other, while the device goes on.\n"
	"\n"
	"       Without TARGET it lists the devices that can be looked at. TARGET is one of\n"
	"       PID, PID.N      device N of a process under slipway run; its only device\n"
	"       SOCKET          what slipway serve serves, by its path or, in the directory of\n"
	"                       running devices, its name; any control socket\n"
	"       CARD            a card of slipway card, by its name\n"
	"       telemetry:[PREFIX][:ID]\n"
	"                       a --vdev of a DPDK program with this --file-prefix (default rte),\n"
	"                       by the id of its event or DMA device; its only one\n"
	"       FILE            what --save wrote; for a file named like a PID, ./FILE\n"
	"\n"
	"OPTIONS\n"
	"       --all\n"
	"              Show registers at their reset values, too.\n"
	"       --filter GLOB\n"
	"              Only names that match, capital or not, with the index or without: 'chp_*',\n"
	"              'LSP_CQ2QID*', 'SYS_DIR_PP_V[3]'.\n"
	"       --json\n"
	"              The same as JSON. With --watch, each look is a line.\n"
	"       --save FILE\n"
	"              Write all that was read to FILE, and show nothing.\n"
	"       --watch SECONDS\n"
	"              Look again after SECONDS, 0.1 to 3600, and mark by * what changed.\n"
	"       --help\n"
	"              This text.\n"
	"\n"
	"ENVIRONMENT\n"
	"       SLIPWAY_DIR, XDG_RUNTIME_DIR: see slipway --help.\n"
	"\n"
	"EXIT STATUS\n"
	"       0  shown\n"
	"       1  the registers could not be read\n"
	"       2  an argument is not accepted\n";

static int
parse_watch(const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	if (end != text && *end == '\0' && *seconds >= WATCH_MIN && *seconds <= WATCH_MAX)
		return 0;
	complain("--watch %s: accepted are %g to %d seconds", text, WATCH_MIN, WATCH_MAX);
	return -EINVAL;
}

/* 0, or a status to exit with; -1 after --help. The target is at optind. */
static int
parse_arguments(struct regs_options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{"all", no_argument, NULL, 'a'},
		{"filter", required_argument, NULL, 'f'},
		{"help", no_argument, NULL, 'h'},
		{"json", no_argument, NULL, 'j'},
		{"save", required_argument, NULL, 's'},
		{"watch", required_argument, NULL, 'w'},
		{0},
	};
	int opt;

	while ((opt = getopt_long(argc, argv, ":h", names, NULL)) != -1) {
		switch (opt) {
		case 'a':
			options->all = true;
			break;
		case 'f':
			options->filter = optarg;
			break;
		case 'j':
			options->json = true;
			break;
		case 's':
			options->save = optarg;
			break;
		case 'w':
			if (parse_watch(optarg, &options->watch) < 0)
				return EXIT_USAGE;
			break;
		case 'h':
			fputs(help, stdout);
			return -1;
		default:
			return refuse_option("regs", argv, opt);
		}
	}
	if (argc - optind > 1) {
		complain("regs: '%s': accepted is one target", argv[optind + 1]);
		return EXIT_USAGE;
	}
	if (options->save != NULL &&
	    (options->watch > 0 || options->filter != NULL || options->json || options->all)) {
		complain("regs: --save writes everything, once; it goes with no other option");
		return EXIT_USAGE;
	}
	if (argc == optind && optind > 1) {
		complain("regs: options need a target; see slipway regs --help");
		return EXIT_USAGE;
	}
	return 0;
}

static int
save(const struct regs_dump *dump, const char *path)
{
	json_t *root = regs_to_json(dump);
	FILE *file;
	bool bad;

	if (root == NULL) {
		complain("%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	file = fopen(path, "we");
	bad = file == NULL || json_dumpf(root, file, JSON_COMPACT) < 0;
	bad = bad || fputc('\n', file) == EOF;
	if (file != NULL && fclose(file) != 0)
		bad = true;
	if (bad)
		complain("--save %s: %s", path, strerror(errno));
	json_decref(root);
	return bad ? -EIO : 0;
}

/* What was printed must have arrived. */
static int
flush(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	complain("cannot write: %s", strerror(errno));
	return -EIO;
}

static int
look(const char *target, const struct regs_options *options, struct regs_dump *dump,
     const struct regs_dump *before)
{
	int ret = regs_read(target, dump);

	if (ret < 0)
		return ret;
	if (options->filter != NULL && !regs_filter_fits(options->filter, dump)) {
		complain("--filter %s: %s %s has no register of such a name", options->filter,
			 dump->model->name, regs_version_name(dump));
		return -EINVAL;
	}
	if (options->save != NULL)
		return save(dump, options->save);
	if (options->watch > 0 && !options->json)
		/* A screen is drawn anew; in a file, looks follow each other. */
		fputs(isatty(STDOUT_FILENO) ? "\033[H\033[J" : before != NULL ? "\n" : "", stdout);
	ret = regs_print(dump, before, options);
	return ret < 0 ? ret : flush();
}

static int
watch(const char *target, const struct regs_options *options)
{
	struct timespec pause = {.tv_sec = (time_t)options->watch};
	struct regs_dump dump[2] = {0};
	int ret, now = 0;

	pause.tv_nsec = (long)((options->watch - (double)pause.tv_sec) * 1e9);
	ret = look(target, options, &dump[now], NULL);
	while (ret == 0) {
		nanosleep(&pause, NULL);
		now = !now;
		regs_free(&dump[now]);
		ret = look(target, options, &dump[now], &dump[!now]);
	}
	regs_free(&dump[0]);
	regs_free(&dump[1]);
	return ret;
}

int
regs_command(int argc, char **argv)
{
	struct regs_options options = {0};
	struct regs_dump dump = {0};
	int ret;

	ret = parse_arguments(&options, argc, argv);
	if (ret != 0)
		return ret < 0 ? EXIT_DONE : ret;
	if (optind == argc) {
		if (regs_list() == 0)
			complain("no device runs that this user can look at");
		return flush() == 0 ? EXIT_DONE : EXIT_FAILED;
	}
	if (options.watch > 0)
		return watch(argv[optind], &options) < 0 ? EXIT_FAILED : EXIT_DONE;
	ret = look(argv[optind], &options, &dump, NULL);
	regs_free(&dump);
	return ret < 0 ? EXIT_FAILED : EXIT_DONE;
}

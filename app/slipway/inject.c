/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * slipway inject: faults on purpose in a served device. What they are is the server's business
 * (serve_inject.h); here they are words.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "slipway.h"

#define REQUEST_MAX 1024

static const char help[] =
	"NAME\n"
	"       slipway inject - have a served device show faults on purpose\n"
	"\n"
	"SYNOPSIS\n"
	"       slipway inject SOCKET FAULT\n"
	"       slipway inject SOCKET clear [FAULT]\n"
	"       slipway inject SOCKET --list\n"
	"\n"
	"DESCRIPTION\n"
	"       Makes a device that slipway serve serves at SOCKET do what devices do on bad days,\n"
	"       to see what a driver and its application make of it. Each fault is in the device:\n"
	"       registers show it, and it stays when a client goes and the next one comes, until\n"
	"       it is cleared. SOCKET is a path or, without a slash, the name in the directory of\n"
	"       running devices. Faults are\n"
	"\n"
	"       full-queue QUEUE\n"
	"              What is in the queue stays there; it fills up until credits are short.\n"
	"              The limit of what it may have in flight, LSP_QID_LDB_INFL_LIM, is held at\n"
	"              0; of a directed queue the CQ is disabled.\n"
	"       slow-consumer PORT [PERCENT]\n"
	"              The port's CQ is served for so much of the time only, 0 to 99; 0 if not\n"
	"              said. It is disabled (LSP_CQ_LDB_DSBL, LSP_CQ_DIR_DSBL) for the rest of\n"
	"              each 10 ms.\n"
	"       dropped-interrupt VECTOR [COUNT]\n"
	"              The next COUNT interrupts of a vector are lost, 1 to 1000000; 1 if not\n"
	"              said. Vector 0 is of alarms, 1 to 64 are of CQs.\n"
	"       alarm KIND\n"
	"              A port that the driver does not use sends a bad command, and the device\n"
	"              raises the alarm: illegal-command, illegal-port, illegal-queue,\n"
	"              excess-completion or excess-tokens. Ingress alarms are on for this one\n"
	"              command, even where the driver left them off.\n"
	"\n"
	"       A QUEUE or PORT is ldb:N or dir:N, by its number in the device; slipway top shows\n"
	"       those in use. What the driver writes to a register that is held comes into force\n"
	"       when the fault is cleared.\n"
	"\n"
	"OPTIONS\n"
	"       --list\n"
	"              Show the faults in force.\n"
	"       --json\n"
	"              Print the server's answer as it is.\n"
	"       --help\n"
	"              This text.\n"
	"\n"
	"EXIT STATUS\n"
	"       0  done\n"
	"       1  there is no such device, or it refused\n"
	"       2  an argument is not accepted\n"
	"\n"
	"EXAMPLES\n"
	"       slipway inject dlb0 slow-consumer ldb:3 25\n"
	"       slipway inject dlb0 alarm illegal-queue\n"
	"       slipway inject dlb0 clear\n";

struct options {
	bool list, json;
};

/* ---- Answers ---- */

static void
print_faults(json_t *faults)
{
	json_t *fault;
	size_t i;

	json_array_foreach(faults, i, fault)
	{
		printf("%s", json_string_value(json_object_get(fault, "fault")));
		if (json_object_get(fault, "dropped") != NULL)
			printf(": %lld dropped, %lld to come",
			       (long long)json_integer_value(json_object_get(fault, "dropped")),
			       (long long)json_integer_value(json_object_get(fault, "left")));
		putchar('\n');
	}
	if (json_array_size(faults) == 0)
		puts("no faults are in force");
}

static void
print_answer(json_t *answer)
{
	const char *injected = json_string_value(json_object_get(answer, "injected"));
	const char *port = json_string_value(json_object_get(answer, "port"));

	if (json_object_get(answer, "faults") != NULL)
		print_faults(json_object_get(answer, "faults"));
	else if (json_object_get(answer, "cleared") != NULL)
		printf("cleared: %lld\n",
		       (long long)json_integer_value(json_object_get(answer, "cleared")));
	else if (port != NULL)
		printf("injected: %s, by port %s; SYS_ALARM_PF_SYND0 is 0x%08llx\n", injected, port,
		       (long long)json_integer_value(json_object_get(answer, "syndrome")));
	else if (injected != NULL)
		printf("injected: %s\n", injected);
}

/* ---- The command ---- */

/* "inject WORD WORD...\n". Spaces and line ends inside a word would say something else. */
static int
make_request(char *request, size_t len, char **word, int count)
{
	size_t at = (size_t)snprintf(request, len, "inject");

	for (int i = 0; i < count; i++) {
		if (word[i][strcspn(word[i], " \r\n")] != '\0' || word[i][0] == '\0' ||
		    at + strlen(word[i]) + 3 > len) {
			complain("inject: '%s' is no word of a fault; see slipway inject --help",
				 word[i]);
			return -EINVAL;
		}
		at += (size_t)snprintf(request + at, len - at, " %s", word[i]);
	}
	snprintf(request + at, len - at, "\n");
	return 0;
}

/* 0, or a status to exit with; -1 after --help. The socket is at optind. */
static int
parse_arguments(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{"list", no_argument, NULL, 'l'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int opt;

	while ((opt = getopt_long(argc, argv, ":h", names, NULL)) != -1) {
		switch (opt) {
		case 'l':
			options->list = true;
			break;
		case 'j':
			options->json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return -1;
		default:
			return refuse_option("inject", argv, opt);
		}
	}
	if (argc - optind < 1 || (argc - optind < 2) != options->list) {
		complain("inject: accepted are a socket and a fault, or a socket and --list; see "
			 "slipway inject --help");
		return EXIT_USAGE;
	}
	return 0;
}

int
inject_command(int argc, char **argv)
{
	char path[PATH_MAX], request[REQUEST_MAX] = "inject list\n";
	struct options options = {0};
	json_t *answer;
	int ret, status = parse_arguments(&options, argc, argv);

	if (status != 0)
		return status < 0 ? EXIT_DONE : status;
	if (!options.list &&
	    make_request(request, sizeof(request), argv + optind + 1, argc - optind - 1) < 0)
		return EXIT_USAGE;
	if (!ask_find(argv[optind], path, sizeof(path))) {
		complain("inject: %s: no device is served there; slipway regs lists those that are",
			 argv[optind]);
		return EXIT_FAILED;
	}
	answer = ask(path, request, false, &ret);
	if (answer == NULL)
		return EXIT_FAILED;
	if (options.json) {
		json_dumpf(answer, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		print_answer(answer);
	}
	json_decref(answer);
	return EXIT_DONE;
}

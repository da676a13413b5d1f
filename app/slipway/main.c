/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "slipway.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{"run", run_command, "run a program that sees modelled PCI devices"},
	{"serve", serve_command, "offer a modelled device at a socket"},
	{"regs", regs_command, "show the registers of a device by name"},
	{"trace", trace_command, "record what passes over the bus; show it, or convert it for viewers"},
	{"top", top_command, "watch a device of a running program, or a served one"},
	{"inject", inject_command, "have a served device show faults on purpose"},
	{"dlb", dlb_command, "list resources of DLB devices, plan domains"},
	{"dsa", dsa_command, "list DSA devices, plan their work queues, try one"},
	{"card", card_command, "virtual MIC cards: start, boot, watch and stop them"},
	{"mpssd", mpssd_command, "hold the cards that no application holds"},
	{"scif", scif_command, "nodes, endpoints, windows and counters of SCIF"},
	{"scifd", scifd_command, "serve a SCIF node, for programs with libscif"},
	{"scif-perf", scif_perf_command, "measure SCIF beside sockets and memcpy"},
	{"doctor", doctor_command, "check this machine, and say what to do next"},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

void
complain(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("slipway: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

int
refuse_option(const char *command, char **argv, int opt)
{
	const char *given = argv[optind - 1];

	if (opt == ':')
		complain("%s: %s needs a value; see slipway %s --help", command, given, command);
	else if (optopt != 0 && strncmp(given, "--", 2) != 0)
		complain("%s: unknown option -%c; see slipway %s --help", command, optopt, command);
	else
		complain("%s: unknown option %s; see slipway %s --help", command, given, command);
	return EXIT_USAGE;
}

static int
print_help(void)
{
	puts("NAME\n"
	     "       slipway - accelerators in software, for programs that expect silicon\n"
	     "\n"
	     "SYNOPSIS\n"
	     "       slipway COMMAND [ARGUMENT...]\n"
	     "       slipway COMMAND --help\n"
	     "\n"
	     "COMMANDS");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		printf("       %-9s %s\n", commands[i].name, commands[i].summary);
	puts("\n"
	     "ENVIRONMENT\n"
	     "       SLIPWAY_DIR      where running devices are found: sockets of served ones; fake\n"
	     "                        PCI devices and their control sockets in run. Without it,\n"
	     "                        $XDG_RUNTIME_DIR/slipway; without that, /run/slipway for\n"
	     "                        root and /tmp/slipway-UID for others.\n"
	     "\n"
	     "EXIT STATUS\n"
	     "       0  done\n"
	     "       1  what was asked for could not be done\n"
	     "       2  an argument is not accepted\n"
	     "       slipway run exits as the program that it ran; see slipway run --help.");
	return EXIT_DONE;
}

/* The names of all commands, for the message that one was not known. */
static void
command_names(char *buf, size_t len)
{
	size_t at = 0;

	for (size_t i = 0; i < COMMAND_COUNT && at < len; i++)
		at += snprintf(buf + at, len - at, "%s%s",
			       i == 0                   ? ""
			       : i + 1 == COMMAND_COUNT ? " and "
							: ", ",
			       commands[i].name);
}

/* Of the standard descriptors that whoever started this has closed: a file or a socket would come by
 * the number, and have messages written into it. What is written there fails as before.
 */
static void
hold_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			return;
}

int
main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	char names[128];

	hold_standard_descriptors();
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		return print_help();
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(name, commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	command_names(names, sizeof(names));
	if (name[0] == '\0')
		complain("no command: there are %s; see slipway --help", names);
	else
		complain("'%s' is no command: there are %s; see slipway --help", name, names);
	return EXIT_USAGE;
}

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * slipway doctor: looks at a machine, says what slipway finds there and what to do next.
 */
#include "doctor.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "slipway.h"

static const char help[] =
	"NAME\n"
	"       slipway doctor - check a machine for what slipway needs\n"
	"\n"
	"SYNOPSIS\n"
	"       slipway doctor [--for pci|guest]... [--json] [--root DIR]\n"
	"\n"
	"DESCRIPTION\n"
	"       Looks at the CPU's instructions, the PCI devices that slipway knows, the kernel's\n"
	"       drivers, huge pages and limits, DPDK, the sockets of served devices, and QEMU.\n"
	"       Each finding is a line: ok; note, for what limits what can be done; problem, for\n"
	"       what keeps something from working. The line below it says what to do. Nothing on\n"
	"       the machine is changed. What depends on rights is judged for the user who asks.\n"
	"\n"
	"OPTIONS\n"
	"       --for pci\n"
	"              The machine is to drive devices on the PCI bus: what that needs and is\n"
	"              missing is a problem. So it is without this where a DLB is on the bus.\n"
	"       --for guest\n"
	"              The same for devices in a QEMU guest.\n"
	"       --json\n"
	"              As JSON: findings, a list of objects with about, subject, state, says and\n"
	"              next, which may be null; and how many there are: ok, notes, problems.\n"
	"       --root DIR\n"
	"              Look at DIR/proc, DIR/sys, DIR/dev and so on: what was copied from\n"
	"              another machine, say. QEMU is looked for by PATH all the same.\n"
	"       --help\n"
	"              This text.\n"
	"\n"
	"ENVIRONMENT\n"
	"       SLIPWAY_DIR, XDG_RUNTIME_DIR: see slipway --help.\n"
	"\n"
	"EXIT STATUS\n"
	"       0  no problem\n"
	"       1  a problem\n"
	"       2  an argument is not accepted\n";

static void (*const checks[])(struct doctor *d) = {
	doctor_devices, doctor_cpu,     doctor_kernel, doctor_memory,
	doctor_dpdk,    doctor_sockets, doctor_qemu,
};

/* ---- Arguments ---- */

static int
add_use(struct doctor *d, const char *use)
{
	if (strcmp(use, "pci") == 0) {
		d->uses |= DOCTOR_PCI;
	} else if (strcmp(use, "guest") == 0) {
		d->uses |= DOCTOR_GUEST;
	} else {
		complain("doctor: --for '%s': accepted are pci and guest", use);
		return -EINVAL;
	}
	return 0;
}

static int
set_root(struct doctor *d, const char *root)
{
	if (access(root, R_OK | X_OK) < 0) {
		complain("doctor: --root %s: %s", root, strerror(errno));
		return -EINVAL;
	}
	d->root = root;
	return 0;
}

/* 0, or a status to exit with; -1 after --help. */
static int
parse_arguments(struct doctor *d, bool *json, int argc, char **argv)
{
	static const struct option options[] = {
		{"for", required_argument, NULL, 'f'},
		{"json", no_argument, NULL, 'j'},
		{"root", required_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int opt, ret = 0;

	while (ret == 0 && (opt = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (opt) {
		case 'f':
			ret = add_use(d, optarg);
			break;
		case 'j':
			*json = true;
			break;
		case 'r':
			ret = set_root(d, optarg);
			break;
		case 'h':
			fputs(help, stdout);
			return -1;
		default:
			return refuse_option("doctor", argv, opt);
		}
	}
	if (ret == 0 && optind < argc) {
		complain("doctor: '%s' is not accepted: there are only options", argv[optind]);
		ret = -EINVAL;
	}
	return ret == 0 ? 0 : EXIT_USAGE;
}

/* ---- The command ---- */

static void
print_json(const struct doctor *d)
{
	json_t *all = json_pack("{s:O, s:i, s:i, s:i}", "findings", d->findings, "ok",
				d->count[DOCTOR_OK], "notes", d->count[DOCTOR_NOTE], "problems",
				d->count[DOCTOR_PROBLEM]);

	json_dumpf(all, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(all);
}

int
doctor_command(int argc, char **argv)
{
	struct doctor d = {.root = ""};
	bool json = false;
	int ret = parse_arguments(&d, &json, argc, argv);

	if (ret != 0)
		return ret < 0 ? EXIT_DONE : ret;
	d.findings = json_array();
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		checks[i](&d);
	if (json)
		print_json(&d);
	else
		doctor_print(&d);
	json_decref(d.findings);
	if (fflush(stdout) != 0) {
		complain("doctor: %s", strerror(errno));
		return EXIT_FAILED;
	}
	return d.count[DOCTOR_PROBLEM] > 0 ? EXIT_FAILED : EXIT_DONE;
}

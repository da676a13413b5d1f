/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "doctor_read.h"

/* QEMU, asked itself: what it has is a matter of how it was built. */

#define QEMU   "qemu-system-x86_64"
#define CLIENT "vfio-user-pci"

/* The first line of what a command says that has a word in it. */
static bool
ask(const char *command, const char *word, char *line, size_t len)
{
	FILE *pipe = popen(command, "re");
	bool found = false;
	char rest[512];

	if (pipe == NULL)
		return false;
	/* To the end, so that it is not killed by what it writes. */
	while (fgets(rest, sizeof(rest), pipe) != NULL) {
		if (found || strstr(rest, word) == NULL)
			continue;
		rest[strcspn(rest, "\n")] = '\0';
		snprintf(line, len, "%.*s", (int)len - 1, rest);
		found = true;
	}
	pclose(pipe);
	return found;
}

void
doctor_qemu(struct doctor *d)
{
	char version[128] = "", line[128];

	d->about = "QEMU guests";
	if (!ask(QEMU " --version 2>/dev/null", "version", version, sizeof(version))) {
		doctor_say(d, doctor_missing(d, DOCTOR_GUEST), "QEMU", "no " QEMU " in PATH");
		doctor_next(d, "devtools/vm fetches one without installing it; QEMU 10.1 or later");
		return;
	}
	if (ask(QEMU " -device help 2>/dev/null", "\"" CLIENT "\"", line, sizeof(line))) {
		doctor_say(d, DOCTOR_OK, "QEMU", "%s, with " CLIENT, version);
	} else {
		doctor_say(d, doctor_missing(d, DOCTOR_GUEST), "QEMU", "%s, without " CLIENT,
			   version);
		doctor_next(d, "QEMU 10.1 or later; devtools/vm fetches one without installing it");
	}
	if (doctor_may(d, R_OK | W_OK, "/dev/kvm")) {
		doctor_say(d, DOCTOR_OK, "KVM", "this user may use it");
		return;
	}
	doctor_say(d, DOCTOR_NOTE, "KVM", "%s: guests run by emulation, several times slower",
		   doctor_has(d, "/dev/kvm") ? "not for this user" : "not there");
	if (doctor_has(d, "/dev/kvm"))
		doctor_next(d, "as root: adduser USER kvm");
}

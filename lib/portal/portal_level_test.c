/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* What the CPU has, what the environment and tests make of it, and what can be done with it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "slipway_portal.h"

#define ALL                                                                              \
	(PORTAL_CPU_MOVDIRI | PORTAL_CPU_MOVDIR64B | PORTAL_CPU_ENQCMD | PORTAL_CPU_WAITPKG | \
	 PORTAL_CPU_CLDEMOTE)

/* ---- Features ---- */

/* By another way than the one under test: the kernel's list of flags. */
static bool
kernel_says(const char *flag)
{
	char line[8192], *at;
	FILE *file = fopen("/proc/cpuinfo", "re");
	bool found = false;

	assert_non_null(file);
	while (!found && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, "flags", 5) != 0)
			continue;
		for (at = strtok(line, " \t\n"); at != NULL; at = strtok(NULL, " \t\n"))
			found |= strcmp(at, flag) == 0;
		break;
	}
	fclose(file);
	return found;
}

/* The kernel may hide what CPUID shows, never the other way round; so may who runs this. */
static void
features_are_those_of_the_cpu(void **state)
{
	static const struct {
		const char *flag;
		enum portal_feature feature;
	} flags[] = {
		{"movdiri", PORTAL_CPU_MOVDIRI},     {"movdir64b", PORTAL_CPU_MOVDIR64B},
		{"enqcmd", PORTAL_CPU_ENQCMD},       {"waitpkg", PORTAL_CPU_WAITPKG},
		{"cldemote", PORTAL_CPU_CLDEMOTE},
	};
	unsigned int features;

	(void)state;
	portal_features_override(0, 0);
	features = portal_features();
	assert_int_equal(features & ~(unsigned int)ALL, 0);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (kernel_says(flags[i].flag))
			assert_true(features & flags[i].feature);
}

static void
features_can_be_masked_and_emulated(void **state)
{
	(void)state;
	portal_features_override(ALL, 0);
	assert_int_equal(portal_features(), 0);
	assert_int_not_equal(portal_query(), PORTAL_MOVDIR64B);
	portal_features_override(ALL, PORTAL_CPU_ENQCMD);
	assert_int_equal(portal_features(), PORTAL_CPU_ENQCMD);
	portal_features_override(PORTAL_CPU_WAITPKG, PORTAL_CPU_MOVDIR64B);
	assert_true(portal_features() & PORTAL_CPU_MOVDIR64B);
	assert_false(portal_features() & PORTAL_CPU_WAITPKG);
	assert_int_equal(portal_query(), PORTAL_MOVDIR64B);
}

/* The environment is looked at once, so each case is a process. */
static unsigned int
features_with(const char *self, const char *environment)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		setenv("SLIPWAY_CPU", environment, 1);
		execl(self, self, "features", NULL);
		_exit(255);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= ALL);
	return (unsigned int)WEXITSTATUS(status);
}

static void
the_environment_masks_and_emulates(void **state)
{
	const char *self = "/proc/self/exe";
	unsigned int cpu = features_with(self, "");

	(void)state;
	assert_int_equal(features_with(self, "-movdir64b,-enqcmd,-waitpkg,-cldemote,-movdiri"), 0);
	assert_int_equal(features_with(self, "+enqcmd"), cpu | PORTAL_CPU_ENQCMD);
	/* The last word counts. */
	assert_int_equal(features_with(self, "+enqcmd,-enqcmd") & PORTAL_CPU_ENQCMD, 0);
	assert_int_equal(features_with(self, "-enqcmd,+enqcmd") & PORTAL_CPU_ENQCMD,
			 PORTAL_CPU_ENQCMD);
	/* Nobody's. */
	assert_int_equal(features_with(self, "enqcmd,*enqcmd,-,,+,-movdir64,+enqcmds") , cpu);
}

/* ---- Levels ---- */

/* A program on a system that has everything. */
static const struct portal_setting everything = {
	.features = ALL,
	.mapped = true,
	.pasid = true,
	.writable = true,
};

static void
each_level_has_its_needs(void **state)
{
	struct portal_setting s = everything;

	(void)state;
	assert_int_equal(portal_level(&s), PORTAL_LEVEL_SHARED_USER);
	s.features = PORTAL_CPU_MOVDIR64B;
	assert_int_equal(portal_level(&s), PORTAL_LEVEL_KERNEL_WRITE);
	s.writable = false;
	assert_int_equal(portal_level(&s), PORTAL_LEVEL_NONE);
	s.dedicated = true;
	assert_int_equal(portal_level(&s), PORTAL_LEVEL_DEDICATED);
	s.mapped = false;
	assert_int_equal(portal_level(&s), PORTAL_LEVEL_NONE);
	s.writable = true;
	assert_int_equal(portal_level(&s), PORTAL_LEVEL_KERNEL_WRITE);
	s.pasid = false;
	assert_int_equal(portal_level(&s), PORTAL_LEVEL_NONE);
}

/* None hides another one. */
static void
what_is_missing_is_told_one_by_one(void **state)
{
	const struct portal_setting nothing = {0};
	struct portal_setting s = everything;

	(void)state;
	assert_int_equal(portal_missing(&s, PORTAL_LEVEL_SHARED_USER), 0);
	assert_int_equal(portal_missing(&nothing, PORTAL_LEVEL_SHARED_USER),
			 PORTAL_MISSING_ENQCMD | PORTAL_MISSING_PASID | PORTAL_MISSING_MAPPING);
	assert_int_equal(portal_missing(&nothing, PORTAL_LEVEL_DEDICATED),
			 PORTAL_MISSING_MOVDIR64B | PORTAL_MISSING_MAPPING |
				 PORTAL_MISSING_DEDICATED);
	assert_int_equal(portal_missing(&nothing, PORTAL_LEVEL_KERNEL_WRITE),
			 PORTAL_MISSING_WRITE | PORTAL_MISSING_PASID);
	s.dedicated = true;
	assert_int_equal(portal_missing(&s, PORTAL_LEVEL_SHARED_USER), PORTAL_MISSING_SHARED);
	assert_int_equal(portal_missing(&s, PORTAL_LEVEL_NONE), 0);
}

static void
a_model_needs_no_cpu(void **state)
{
	struct portal_setting s = {.model = true};

	(void)state;
	assert_int_equal(portal_level(&s), PORTAL_LEVEL_SHARED_USER);
	s.dedicated = true;
	assert_int_equal(portal_level(&s), PORTAL_LEVEL_DEDICATED);
}

static void
each_has_a_text(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 7; i++)
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(portal_missing_text(1u << i),
						portal_missing_text(1u << j));
	assert_non_null(strstr(portal_missing_text(PORTAL_MISSING_ENQCMD), "ENQCMD"));
	assert_non_null(strstr(portal_missing_text(PORTAL_MISSING_PASID), "pasid_enabled"));
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(features_are_those_of_the_cpu),
		cmocka_unit_test(features_can_be_masked_and_emulated),
		cmocka_unit_test(the_environment_masks_and_emulates),
		cmocka_unit_test(each_level_has_its_needs),
		cmocka_unit_test(what_is_missing_is_told_one_by_one),
		cmocka_unit_test(a_model_needs_no_cpu),
		cmocka_unit_test(each_has_a_text),
	};

	if (argc > 1 && strcmp(argv[1], "features") == 0)
		return (int)portal_features();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdlib.h>
#include <string.h>

#include <rte_dev.h>

#include "test.h"

/* Device arguments, and cards that come and go. */

/* Arguments that must be refused, and what the message must name. */
static const struct {
	const char *args, *names;
} bad[] = {
	{"nonsense=1", "nonsense=1"},
	{"at=mars", "at=mars"},
	{"at=vfu:", "at=vfu:"},
	{"at=vfu", "at=vfu"},
	{"card=", "card="},
	{"card=../../etc", "card=../../etc"},
	{"card=a_name_of_more_than_31_characters", "card=a_name"},
	{"card=mic0,at=model", "card=mic0: beside the other of at= and card="},
	{"at=model,card=mic0", "at=model: beside the other of at= and card="},
	{"at=vfu:/nowhere/card,card=mic0,memory=64", "at=vfu:/nowhere/card: beside"},
	{"at=vfu:/nowhere/card,memory=64", "memory=64"},
	{"at=vfu:/nowhere/card,step=manual", "step=manual"},
	{"at=vfu:/nowhere/card,revision=a0", "revision=a0"},
	{"card=mic0,never_ready=1", "never_ready=1"},
	{"step=sometimes", "step=sometimes"},
	{"numa_node=77", "numa_node=77"},
	{"era=b", "era=b"},
	{"era=a,era=c", "era=c"},
	{"time_scale=0", "time_scale=0"},
	{"time_scale=1001", "time_scale=1001"},
	{"time_scale=-1", "time_scale=-1"},
	{"irq=some", "irq=some"},
	{"dma=2", "dma=2"},
	{"memory=31", "memory=31"},
	{"memory=100", "memory=100"},
	{"memory=32768", "memory=32768"},
	{"device=224f", "device=224f"},
	{"device=225f", "device=225f"},
	{"device=", "device="},
	{"revision=d0", "revision=d0"},
	{"load_address=0", "load_address=0"},
	{"load_address=0x1001", "load_address=0x1001"},
	{"memory=32,load_address=0x80000000", "load_address=0x80000000: accepted: 0x1000..0x1000000,"},
	{"load_address=0x8001000", "load_address=0x8001000: accepted: 0x1000..0x8000000,"},
	{"ready_ms=0", "ready_ms=0"},
	{"lose_smpt=yes", "lose_smpt=yes"},
	{"strict_enables=", "strict_enables="},
};

static void
bad_devargs_are_refused_with_one_line(void)
{
	unsigned int i;
	char *said;
	int ret;

	for (i = 0; i < RTE_DIM(bad) && others_wanted(); i++) {
		log_begin();
		ret = strstr(bad[i].args, "time_scale") != NULL
			      ? rte_eal_hotplug_add("vdev", "raw_mic_other", bad[i].args)
			      : other_try(bad[i].args);
		said = log_end();
		if (ret == 0 || strstr(said, bad[i].names) == NULL ||
		    strstr(said, "accepted: ") == NULL ||
		    lines_with(said, "raw_mic_other: ") != 1)
			fail_msg("%s: returned %d and said: %s", bad[i].args, ret, said);
		free(said);
		assert_false(other_is_there());
	}
}

static void
what_is_not_there_is_named(void)
{
	char *said;

	if (!others_wanted())
		return;
	log_begin();
	assert_int_not_equal(other_try("at=vfu:/nowhere/card"), 0);
	said = log_end();
	assert_non_null(strstr(said, "/nowhere/card"));
	free(said);
	setenv("SLIPWAY_DIR", "/nowhere", 1);
	log_begin();
	assert_int_not_equal(other_try("card=mic7"), 0);
	said = log_end();
	if (strstr(said, "/nowhere/cards/mic7") == NULL ||
	    strstr(said, "slipway card start mic7") == NULL)
		fail_msg("%s", said);
	free(said);
	unsetenv("SLIPWAY_DIR");
}

static void
every_variant_works(void)
{
	static const char *const args[] = {
		"",
		"at=model,memory=32",
		"memory=1024,numa_node=-1",
		"device=2250,revision=a0",
		"device=225e,revision=c0,dma=0",
		"load_address=0x1000000,ready_ms=50",
		"memory=32,load_address=0x800000,ready_ms=50,never_ready=0",
		"time_scale=1000",
		"time_scale=1,ready_ms=1",
		"step=idle,dma=1,irq=poll",
	};
	unsigned int i;
	uint16_t id;

	for (i = 0; i < RTE_DIM(args) && others_wanted(); i++) {
		id = other_make(args[i]);
		boot(id);
		rte_rawdev_stop(id);
		expect_state(id, RTE_PMD_MIC_READY);
		assert_int_equal(dev_stray(id), 0);
		other_remove();
	}
}

static void
come_and_go(const char *args, bool up)
{
	uint16_t id = other_make(args);

	if (up) {
		boot(id);
		rte_rawdev_stop(id);
	}
	other_remove();
}

static void
probing_and_removing_leaks_nothing(void)
{
	struct test_held held;
	unsigned int i;

	if (!others_wanted())
		return;
	for (i = 0; i < 2; i++)
		come_and_go("memory=32", true);
	held = held_now();
	for (i = 0; i < 20; i++)
		come_and_go("memory=32", i % 5 == 0);
	held_expect(&held, 16384);
}

static const struct test_case cases[] = {
	TEST_CASE(bad_devargs_are_refused_with_one_line),
	TEST_CASE(what_is_not_there_is_named),
	TEST_CASE(every_variant_works),
	TEST_CASE(probing_and_removing_leaks_nothing),
};

TEST_GROUP(devargs, cases);

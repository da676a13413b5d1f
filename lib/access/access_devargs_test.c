/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The reader of device arguments on a table of a driver that does not exist. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_common.h>
#include <rte_log.h>

#include "access_devargs.h"

struct args {
	unsigned int queues, tries;
	bool sparse;
	enum access_step step;
	int numa_node;
	char letter;
	bool served;
	char key[8]; /* of the last one that shares a function */
};

static int
store_letter(void *to, const char *value)
{
	struct args *args = to;

	args->letter = *value;
	return access_arg_word(value, "a, b") < 0 ? -EINVAL : 0;
}

static int
store_at(void *to, const char *value)
{
	struct args *args = to;

	args->served = access_arg_socket(value) != NULL;
	return args->served || strcmp(value, "model") == 0 ? 0 : -EINVAL;
}

static int
store_key(void *to, const char *key, const char *value)
{
	struct args *args = to;

	snprintf(args->key, sizeof(args->key), "%s", key);
	return *value != '\0' ? 0 : -EINVAL;
}

static const struct access_devarg rows[] = {
	{"at", ACCESS_OF_VIRTUAL, ACCESS_DEVARG_OWN(store_at, "model, vfu:PATH")},
	{"step", ACCESS_OF_MODEL, ACCESS_DEVARG_STEP(struct args, step)},
	{"numa_node", ACCESS_OF_VIRTUAL, ACCESS_DEVARG_NUMA_NODE(struct args, numa_node)},
	{"queues", ACCESS_OF_DEVICE, ACCESS_DEVARG_COUNT(struct args, queues, 2, 64),
	 .synonym = "their_queues"},
	{"cq", ACCESS_OF_DEVICE, ACCESS_DEVARG_SWITCH(struct args, sparse, "dense, sparse")},
	{"tries", ACCESS_OF_USE, ACCESS_DEVARG_COUNT(struct args, tries, 0, 3)},
	{"letter", ACCESS_OF_USE, ACCESS_DEVARG_OWN(store_letter, "a, b"), .many = true},
	{"x", ACCESS_OF_USE, .store_key = store_key, .accepted = "anything"},
	{"y", ACCESS_OF_USE, .store_key = store_key, .accepted = "anything"},
	{"theirs", ACCESS_OF_USE, .kind = ACCESS_NOTHING},
};

static void
settled(const void *to, const struct access_devarg *arg, char why[ACCESS_WHY_MAX])
{
	const struct args *args = to;

	if (args->served && arg->of == ACCESS_OF_MODEL)
		snprintf(why, ACCESS_WHY_MAX, "settled by %s; accepted: with at=model", "others");
}

static struct args args;
static struct access_devargs reader;

/* Read, and give what was logged; the caller frees it. */
static char *
logged(const char *text, bool on_bus, int *ret)
{
	size_t len;
	char *said = NULL;
	FILE *log = open_memstream(&said, &len);

	args = (struct args){.numa_node = 7};
	reader = (struct access_devargs){
		.name = "dev0",
		.logtype = RTE_LOGTYPE_USER1,
		.rows = rows,
		.nb_rows = RTE_DIM(rows),
		.args = &args,
		.on_bus = on_bus,
		.settled = settled,
	};
	assert_non_null(log);
	rte_openlog_stream(log);
	*ret = access_devargs_read(&reader, text);
	rte_openlog_stream(NULL);
	fclose(log);
	return said;
}

static void
expect(const char *text, bool on_bus, int result, const char *said)
{
	int ret;
	char *line = logged(text, on_bus, &ret);

	if (ret != result || strcmp(line, said) != 0)
		fail_msg("%s: returned %d and said: %s", text, ret, line);
	free(line);
}

static void
what_is_accepted_is_stored(void **state)
{
	(void)state;
	expect(NULL, false, 0, "");
	expect("", false, 0, "");
	assert_string_equal(reader.device_said, "");
	expect("step=manual,numa_node=-1,letter=a,cq=sparse,queues=64,letter=b", false, 0, "");
	assert_int_equal(args.step, ACCESS_STEP_MANUAL);
	assert_int_equal(args.numa_node, -1);
	assert_int_equal(args.letter, 'b');
	assert_true(args.sparse);
	assert_int_equal(args.queues, 64);
	assert_string_equal(reader.device_said, "cq=sparse");
	expect("step=idle,cq=dense,y=1,x=2", false, 0, "");
	assert_int_equal(args.step, ACCESS_STEP_IDLE);
	assert_false(args.sparse);
	assert_string_equal(args.key, "x");
	expect("their_queues=2", true, 0, "");
	assert_int_equal(args.queues, 2);
	assert_string_equal(reader.device_said, "their_queues=2");
}

static void
a_refusal_says_what_is_accepted(void **state)
{
	static const char *const texts[][2] = {
		{"queues=1", "queues=1: accepted: 2..64"},
		{"queues=65", "queues=65: accepted: 2..64"},
		{"queues=", "queues=: accepted: 2..64"},
		{"queues=8x", "queues=8x: accepted: 2..64"},
		{"queues=+8", "queues=+8: accepted: 2..64"},
		{"queues= 8", "queues= 8: accepted: 2..64"},
		{"queues=-8", "queues=-8: accepted: 2..64"},
		{"tries=-0", "tries=-0: accepted: 0..3"},
		{"queues=99999999999999999999", "queues=99999999999999999999: accepted: 2..64"},
		{"their_queues=1", "their_queues=1: accepted: 2..64"},
		{"cq=", "cq=: accepted: dense, sparse"},
		{"cq=dens", "cq=dens: accepted: dense, sparse"},
		{"cq=dense sparse", "cq=dense sparse: accepted: dense, sparse"},
		{"step=never", "step=never: accepted: idle, manual"},
		{"numa_node=77", "numa_node=77: accepted: a node of this machine with memory for "
				 "DPDK, or -1 for any"},
		{"numa_node= -1", "numa_node= -1: accepted: a node of this machine with memory for "
				  "DPDK, or -1 for any"},
		{"numa_node=-", "numa_node=-: accepted: a node of this machine with memory for "
				"DPDK, or -1 for any"},
		{"letter=c", "letter=c: accepted: a, b"},
		{"letter=a,letter=c", "letter=c: accepted: a, b"},
		{"y=", "y=: accepted: anything"},
		{"queues=2,queues=2", "queues=2: given twice; accepted: once, 2..64"},
		{"queues=2,their_queues=3", "their_queues=3: given twice; accepted: once, 2..64"},
		{"x=1,x=2", "x=2: given twice; accepted: once, anything"},
		{"more=1", "more=1: unknown; accepted: at, step, numa_node, queues, cq, "
			   "tries, letter, x, y"},
		{"at=vfu:/s,step=idle", "step=idle: settled by others; accepted: with at=model"},
		{"step=idle,at=vfu:/s", "step=idle: settled by others; accepted: with at=model"},
	};
	char line[256];

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(texts); i++) {
		snprintf(line, sizeof(line), "dev0: device argument %s\n", texts[i][1]);
		expect(texts[i][0], false, -EINVAL, line);
	}
}

/* DPDK takes apart no more than 32 pairs. */
static void
more_than_a_list_holds_is_refused(void **state)
{
	char text[160] = "";
	char line[256];

	(void)state;
	for (unsigned int i = 0; i < 33; i++)
		strcat(text, "x=1,");
	snprintf(line, sizeof(line),
		 "dev0: device arguments \"%s\": accepted: key=value[,key=value]...\n", text);
	expect(text, false, -EINVAL, line);
}

static void
a_device_on_a_bus_says_itself_what_it_is(void **state)
{
	(void)state;
	expect("queues=3,x=1", true, 0, "");
	expect("step=idle", true, -EINVAL,
	       "dev0: device argument step=idle: for virtual devices only; "
	       "accepted: queues, cq, tries, letter, x, y\n");
	expect("at=model", true, -EINVAL,
	       "dev0: device argument at=model: for virtual devices only; "
	       "accepted: queues, cq, tries, letter, x, y\n");
}

static void
what_means_nothing_here_is_ignored(void **state)
{
	static const char said[] =
		"dev0: device argument theirs=5: ignored, it means nothing here\n";
	char line[2 * sizeof(said)];

	(void)state;
	rte_log_set_level(RTE_LOGTYPE_USER1, RTE_LOG_NOTICE);
	expect("theirs=5,queues=2", true, 0, said);
	snprintf(line, sizeof(line), "%s%s", said, said);
	expect("theirs=5,theirs=5", false, 0, line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_accepted_is_stored),
		cmocka_unit_test(a_refusal_says_what_is_accepted),
		cmocka_unit_test(more_than_a_list_holds_is_refused),
		cmocka_unit_test(a_device_on_a_bus_says_itself_what_it_is),
		cmocka_unit_test(what_means_nothing_here_is_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * slipway dlb list: devices of running programs. What programs say is put together as JSON, device
 * by device, and shown as that or as a table.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "dlb.h"
#include "slipway.h"
#include "telemetry.h"

#define CLASSES 4

/* ---- What programs say ---- */

static json_int_t
number_at(json_t *object, const char *name, size_t i)
{
	return json_integer_value(json_array_get(json_object_get(object, name), i));
}

static json_t *
device_resources(json_t *answer)
{
	json_t *names = json_object_get(answer, "resources"), *resources = json_object();

	for (size_t i = 0; i < json_array_size(names); i++) {
		json_int_t total = number_at(answer, "total", i);
		json_int_t left = number_at(answer, "free", i);
		const char *name = json_string_value(json_array_get(names, i));

		json_object_set_new(resources, name,
				    json_pack("{s:I, s:I, s:I}", "total", total, "used",
					      total - left, "free", left));
	}
	return resources;
}

static json_t *
domain_resources(json_t *answer)
{
	json_t *names = json_object_get(answer, "resources"), *resources = json_object();

	for (size_t i = 0; i < json_array_size(names); i++) {
		json_int_t reserved = number_at(answer, "reserved", i);
		const char *name = json_string_value(json_array_get(names, i));

		json_object_set_new(
			resources, name,
			json_pack("{s:I, s:I, s:b}", "held", number_at(answer, "held", i), "limit",
				  number_at(answer, "limit", i), "reserved", reserved >= 0));
	}
	return resources;
}

/* The device that an answer is about; NULL when it has not been met yet. */
static json_t *
find_device(json_t *root, const char *program, json_int_t id)
{
	json_t *device;
	size_t i;

	json_array_foreach(root, i, device)
	{
		const char *name = json_string_value(json_object_get(device, "program"));

		if (strcmp(name, program) == 0 &&
		    json_integer_value(json_object_get(device, "device_id")) == id)
			return device;
	}
	return NULL;
}

static json_t *
device_of(json_t *root, const char *program, json_t *answer)
{
	json_int_t id = json_integer_value(json_object_get(answer, "device_id"));
	json_t *device = find_device(root, program, id);

	if (device != NULL)
		return device;
	device = json_pack("{s:s, s:O, s:I, s:O, s:o, s:O, s:O, s:O, s:[]}", "program", program,
			   "device", json_object_get(answer, "device"), "device_id", id, "version",
			   json_object_get(answer, "version"), "resources",
			   device_resources(answer), "class_free",
			   json_object_get(answer, "class_free"), "sequence_numbers",
			   json_object_get(answer, "sequence_numbers"), "sn_windows",
			   json_object_get(answer, "sn_windows"), "domains");
	json_array_append_new(root, device);
	return device;
}

/* Has it all that is used below? */
static bool
is_understood(json_t *answer)
{
	const char *text;
	int number;

	return answer != NULL &&
	       json_unpack(answer, "{s:s, s:s, s:i, s:i, s:s, s:s, s:[], s:[], s:[], s:[], s:[]}",
			   "name", &text, "device", &text, "device_id", &number, "domain", &number,
			   "version", &text, "state", &text, "resources", "total", "free",
			   "class_held", "sequence_numbers") == 0;
}

static void
add_domain(json_t *root, const char *program, const char *id, json_t *answer)
{
	json_t *device = device_of(root, program, answer);
	char target[256];

	snprintf(target, sizeof(target), "telemetry:%s:%s", program, id);
	json_array_append_new(json_object_get(device, "domains"),
			      json_pack("{s:O, s:O, s:s, s:O, s:o, s:O, s:I}", "domain",
					json_object_get(answer, "domain"), "name",
					json_object_get(answer, "name"), "target", target, "state",
					json_object_get(answer, "state"), "resources",
					domain_resources(answer), "class_held",
					json_object_get(answer, "class_held"), "sequence_numbers",
					number_at(answer, "sequence_numbers", 2)));
}

static int
visit_program(int fd, const char *prefix, json_t *devices, void *ctx)
{
	json_t *root = ctx, *name;
	const char *id;

	json_object_foreach(devices, id, name)
	{
		char text[64];
		json_t *answer;

		snprintf(text, sizeof(text), "/slipway/dlb/domain,%s", id);
		answer = telemetry_command(fd, text);
		if (is_understood(answer))
			add_domain(root, prefix, id, answer);
		else
			complain("telemetry:%s:%s: the answer to %s is not what slipway's driver "
				 "says",
				 prefix, id, text);
		json_decref(answer);
	}
	return 0;
}

/* ---- The table ---- */

static void
print_row(const char *name, json_int_t total, json_int_t left)
{
	printf("  %-18s %7" JSON_INTEGER_FORMAT " %7" JSON_INTEGER_FORMAT " %7" JSON_INTEGER_FORMAT,
	       name, total, total - left, left);
}

/* A number of each domain's. */
static void
print_held(json_t *domains, const char *name)
{
	json_t *domain;
	size_t i;

	json_array_foreach(domains, i, domain)
	{
		json_t *of = json_object_get(json_object_get(domain, "resources"), name);
		char text[32];

		snprintf(text, sizeof(text),
			 "%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT "%s",
			 json_integer_value(json_object_get(of, "held")),
			 json_integer_value(json_object_get(of, "limit")),
			 json_is_true(json_object_get(of, "reserved")) ? "*" : " ");
		printf("  %15s", text);
	}
	putchar('\n');
}

static void
print_class(json_t *device, json_t *domains, unsigned int cos)
{
	json_t *domain;
	char name[16];
	size_t i;

	snprintf(name, sizeof(name), "  class %u", cos);
	print_row(name, 16, number_at(device, "class_free", cos));
	json_array_foreach(domains, i, domain)
		printf("  %14" JSON_INTEGER_FORMAT " ", number_at(domain, "class_held", cos));
	putchar('\n');
}

static void
print_sequence_numbers(json_t *device, json_t *domains)
{
	json_t *domain;
	size_t i;

	print_row("sequence_numbers", number_at(device, "sequence_numbers", 0),
		  number_at(device, "sequence_numbers", 1));
	json_array_foreach(domains, i, domain)
		printf("  %14" JSON_INTEGER_FORMAT " ",
		       json_integer_value(json_object_get(domain, "sequence_numbers")));
	printf("\n  a queue that orders gets %" JSON_INTEGER_FORMAT
	       " of them in group 0, %" JSON_INTEGER_FORMAT " in group 1\n",
	       number_at(device, "sn_windows", 0), number_at(device, "sn_windows", 1));
}

static void
print_domains(json_t *domains)
{
	json_t *domain;
	size_t i;

	json_array_foreach(domains, i, domain)
		printf("  domain %-2" JSON_INTEGER_FORMAT " %-24s %-8s %s\n",
		       json_integer_value(json_object_get(domain, "domain")),
		       json_string_value(json_object_get(domain, "name")),
		       json_string_value(json_object_get(domain, "state")),
		       json_string_value(json_object_get(domain, "target")));
}

static void
print_device(json_t *device)
{
	json_t *domains = json_object_get(device, "domains"), *of, *domain;
	const char *name;
	size_t i;

	printf("%s: DLB %s of the program with the prefix %s\n",
	       json_string_value(json_object_get(device, "device")),
	       json_string_value(json_object_get(device, "version")),
	       json_string_value(json_object_get(device, "program")));
	print_domains(domains);
	printf("  %-18s %7s %7s %7s", "", "total", "used", "free");
	json_array_foreach(domains, i, domain)
		printf("  %8s %-6" JSON_INTEGER_FORMAT, "domain",
		       json_integer_value(json_object_get(domain, "domain")));
	putchar('\n');
	json_object_foreach(json_object_get(device, "resources"), name, of)
	{
		/* Not of this version. */
		if (json_integer_value(json_object_get(of, "total")) == 0)
			continue;
		print_row(name, json_integer_value(json_object_get(of, "total")),
			  json_integer_value(json_object_get(of, "free")));
		print_held(domains, name);
		for (unsigned int cos = 0; strcmp(name, "ldb_ports") == 0 && cos < CLASSES; cos++)
			print_class(device, domains, cos);
	}
	print_sequence_numbers(device, domains);
}

/* ---- The command ---- */

static void
show(json_t *root, bool as_json)
{
	json_t *device;
	size_t i;

	if (as_json) {
		json_dumpf(root, stdout, JSON_INDENT(2));
		putchar('\n');
		return;
	}
	json_array_foreach(root, i, device)
	{
		if (i != 0)
			putchar('\n');
		print_device(device);
	}
}

int
dlb_list(int argc, char **argv)
{
	static const struct option names[] = {{"json", no_argument, NULL, 'j'}, {0}};
	bool as_json = false;
	json_t *root;
	int opt, status = EXIT_DONE;

	while ((opt = getopt_long(argc, argv, ":", names, NULL)) != -1) {
		if (opt != 'j')
			return refuse_option("dlb", argv, opt);
		as_json = true;
	}
	if (optind < argc) {
		complain("dlb list: '%s': accepted is --json", argv[optind]);
		return EXIT_USAGE;
	}
	root = json_array();
	telemetry_visit(visit_program, root);
	show(root, as_json);
	if (json_array_size(root) == 0) {
		complain("no program runs that has a dlb device and that this user can look at");
		status = EXIT_FAILED;
	}
	json_decref(root);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		complain("cannot write: %s", strerror(errno));
		status = EXIT_FAILED;
	}
	return status;
}

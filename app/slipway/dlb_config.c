/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * slipway dlb config: a plan of domains, worked out as the driver would, and the device arguments
 * for it. Touches no device.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "dlb.h"
#include "dlb_pool.h"
#include "slipway.h"

struct plan {
	enum dlb_version version;
	const char *device; /* NULL: a virtual one is made */
	const char *sn;     /* NULL: as the driver likes it */
	bool json;
	const char *file;
	struct dlb_pool pool;
	unsigned int nb_domains;
	char *said[DLB_DOMAINS]; /* what each domain asked for */
};

/* ---- Domains ---- */

static int
take_pair(struct dlb_request *request, char *pair, unsigned int number)
{
	char *value = strchr(pair, '=');
	const char *accepts;
	int ret;

	if (value != NULL)
		*value++ = '\0';
	ret = dlb_request_set(request, pair, value != NULL ? value : "");
	if (ret == 0)
		return 0;
	accepts = dlb_request_accepts(pair);
	if (accepts == NULL)
		complain("domain %u: '%s': accepted are ldb_queues, ldb_ports, dir_ports, credits, "
			 "dir_credits, history, atomic and cos",
			 number, pair);
	else
		complain("domain %u: %s=%s: accepted: %s", number, pair, value != NULL ? value : "",
			 accepts);
	return ret;
}

static int
parse_domain(struct dlb_request *request, const char *text, unsigned int number)
{
	char *copy = strdup(text), *at = copy, *pair;
	int ret = copy != NULL ? 0 : -ENOMEM;

	dlb_request_init(request);
	while (ret == 0 && strcmp(text, "-") != 0 && (pair = strsep(&at, ",")) != NULL)
		ret = take_pair(request, pair, number);
	free(copy);
	return ret;
}

static unsigned int
class_sum(const struct dlb_request *request)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < DLB_COS_CLASSES; i++)
		sum += request->class_ports[i];
	return sum;
}

static void
complain_unavailable(const struct plan *plan, const struct dlb_request *request,
		     enum dlb_status status, enum dlb_res res)
{
	if (status == DLB_ST_DOMAIN_UNAVAILABLE)
		complain("domain %u: %s: accepted are %u domains", plan->nb_domains,
			 dlb_status_name(status), DLB_DOMAINS);
	else if (status == DLB_ST_LDB_PORT_REQUIRED_FOR_LDB_QUEUES)
		complain("domain %u: %s: accepted are ldb_queues=%" PRIu32
			 " with ldb_ports=1 or more",
			 plan->nb_domains, dlb_status_name(status),
			 request->amount[DLB_RES_LDB_QUEUES]);
	else
		complain("domain %u: %s: %s=%" PRIu32 ": accepted: 0..%" PRIu32
			 "%s, what others left of %" PRIu32,
			 plan->nb_domains, dlb_status_name(status), dlb_res_key(res),
			 request->amount[res] == DLB_UNSAID ? class_sum(request)
							    : request->amount[res],
			 dlb_pool_free(&plan->pool, res),
			 res == DLB_RES_LDB_PORTS && request->by_class ? " in such classes" : "",
			 dlb_pool_total(&plan->pool, res));
}

/* 0, or a status to exit with. */
static int
add_domain(struct plan *plan, const char *text)
{
	struct dlb_request request;
	enum dlb_status status;
	enum dlb_res short_of;
	unsigned int domain;

	if (parse_domain(&request, text, plan->nb_domains) < 0)
		return EXIT_USAGE;
	if (class_sum(&request) > request.amount[DLB_RES_LDB_PORTS]) {
		complain("domain %u: ldb_ports=%" PRIu32
			 ": accepted: %u..%u, those of cos included",
			 plan->nb_domains, request.amount[DLB_RES_LDB_PORTS], class_sum(&request),
			 DLB_LDB_PORTS);
		return EXIT_USAGE;
	}
	status = dlb_pool_create(&plan->pool, &request, &domain, &short_of);
	if (status != DLB_ST_SUCCESS) {
		complain_unavailable(plan, &request, status, short_of);
		return EXIT_FAILED;
	}
	plan->said[plan->nb_domains++] = strdup(strcmp(text, "-") == 0 ? "" : text);
	return 0;
}

static int
add_lines(struct plan *plan, FILE *file)
{
	char line[256];
	int status = 0;

	while (status == 0 && fgets(line, sizeof(line), file) != NULL) {
		char *word, *rest = line;

		line[strcspn(line, "#\n")] = '\0';
		word = strtok_r(rest, " \t\r", &rest);
		if (word == NULL)
			continue;
		status = add_domain(plan, word);
		word = strtok_r(NULL, " \t\r", &rest);
		if (status == 0 && word != NULL) {
			complain("--plan %s: '%s': accepted is one domain on a line", plan->file,
				 word);
			status = EXIT_USAGE;
		}
	}
	return status;
}

static int
add_file(struct plan *plan)
{
	bool is_stdin = strcmp(plan->file, "-") == 0;
	FILE *file = is_stdin ? stdin : fopen(plan->file, "re");
	int status;

	if (file == NULL) {
		complain("--plan %s: %s", plan->file, strerror(errno));
		return EXIT_USAGE;
	}
	status = add_lines(plan, file);
	if (!is_stdin)
		fclose(file);
	return status;
}

/* ---- What comes of it ---- */

/* The device arguments of domain i: on the command line of a DPDK program. */
static void
arguments_of(const struct plan *plan, unsigned int i, char *text, size_t len)
{
	const char *said = plan->said[i], *comma = said[0] != '\0' ? "," : "";
	const char *sn = plan->sn != NULL ? plan->sn : "", *sn_key = plan->sn != NULL ? ",sn=" : "";
	const char *version = plan->version == DLB_V20 ? "2.0" : "2.5";

	if (i == 0 && plan->device != NULL)
		snprintf(text, len, "-a %s%s%s%s%s", plan->device, comma, said, sn_key, sn);
	else if (i == 0)
		snprintf(text, len, "--vdev=event_dlb0,version=%s%s%s%s%s", version, comma, said,
			 sn_key, sn);
	else
		snprintf(text, len, "--vdev=event_dlb%u,device=%s%s%s", i,
			 plan->device != NULL ? plan->device : "event_dlb0", comma, said);
}

static void
print_amounts(const struct plan *plan, enum dlb_res res)
{
	printf("%-12s %6" PRIu32 " %6" PRIu32, dlb_res_key(res), dlb_pool_total(&plan->pool, res),
	       dlb_pool_free(&plan->pool, res));
	for (unsigned int i = 0; i < plan->nb_domains; i++) {
		const struct dlb_request *reserved = &plan->pool.domains[i].reserved;

		printf(" %7" PRIu32 "%c", dlb_pool_limit(&plan->pool, i, res),
		       reserved->amount[res] != DLB_UNSAID ? '*' : ' ');
	}
	putchar('\n');
}

static void
print_classes(const struct plan *plan)
{
	for (unsigned int cos = 0; cos < DLB_COS_CLASSES; cos++) {
		printf("  class %-4u %6u %6u", cos, DLB_COS_PORTS,
		       dlb_pool_class_ports(&plan->pool, DLB_NOBODY, cos));
		for (unsigned int i = 0; i < plan->nb_domains; i++)
			printf(" %7u ", dlb_pool_class_ports(&plan->pool, i, cos));
		putchar('\n');
	}
}

static void
print_table(const struct plan *plan)
{
	char text[512];

	printf("%-12s %6s %6s", "", "total", "free");
	for (unsigned int i = 0; i < plan->nb_domains; i++)
		printf("  domain%-2u", i);
	putchar('\n');
	for (int res = 0; res < DLB_RES_KINDS; res++) {
		/* Not of this version. */
		if (dlb_pool_total(&plan->pool, res) == 0)
			continue;
		print_amounts(plan, res);
		if (res == DLB_RES_LDB_PORTS)
			print_classes(plan);
	}
	puts("* reserved from probe on; what is not is taken at start, up to the amount shown\n");
	for (unsigned int i = 0; i < plan->nb_domains; i++) {
		arguments_of(plan, i, text, sizeof(text));
		puts(text);
	}
}

static json_t *
domain_to_json(const struct plan *plan, unsigned int i)
{
	json_t *resources = json_object();
	char text[512];

	for (int res = 0; res < DLB_RES_KINDS; res++)
		json_object_set_new(
			resources, dlb_res_key(res),
			json_pack("{s:I, s:b}", "limit",
				  (json_int_t)dlb_pool_limit(&plan->pool, i, res), "reserved",
				  plan->pool.domains[i].reserved.amount[res] != DLB_UNSAID));
	arguments_of(plan, i, text, sizeof(text));
	return json_pack("{s:i, s:o, s:s}", "domain", (int)i, "resources", resources, "arguments",
			 text);
}

static void
print_json(const struct plan *plan)
{
	json_t *domains = json_array(), *left = json_object(), *root;

	for (unsigned int i = 0; i < plan->nb_domains; i++)
		json_array_append_new(domains, domain_to_json(plan, i));
	for (int res = 0; res < DLB_RES_KINDS; res++)
		json_object_set_new(left, dlb_res_key(res),
				    json_integer(dlb_pool_free(&plan->pool, res)));
	root = json_pack("{s:s, s:o, s:o}", "version", plan->version == DLB_V20 ? "2.0" : "2.5",
			 "free", left, "domains", domains);
	json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
}

/* ---- The command ---- */

static bool
is_sn(const char *text)
{
	unsigned int a, b;
	char end;

	if (sscanf(text, "%u:%u%c", &a, &b, &end) != 2)
		return false;
	return a >= DLB_SN_MIN && a <= DLB_SN_PER_GROUP && (a & (a - 1)) == 0 && b >= DLB_SN_MIN &&
	       b <= DLB_SN_PER_GROUP && (b & (b - 1)) == 0;
}

static int
take_version(struct plan *plan, const char *text)
{
	if (strcmp(text, "2.0") != 0 && strcmp(text, "2.5") != 0) {
		complain("--version %s: accepted are 2.0 and 2.5", text);
		return EXIT_USAGE;
	}
	plan->version = strcmp(text, "2.0") == 0 ? DLB_V20 : DLB_V25;
	return 0;
}

/* 0, or a status to exit with. Domains are at optind. */
static int
parse_arguments(struct plan *plan, int argc, char **argv)
{
	static const struct option names[] = {
		{"device", required_argument, NULL, 'd'},  {"json", no_argument, NULL, 'j'},
		{"plan", required_argument, NULL, 'p'},    {"sn", required_argument, NULL, 's'},
		{"version", required_argument, NULL, 'v'}, {0},
	};
	int opt, status = 0;

	while (status == 0 && (opt = getopt_long(argc, argv, ":", names, NULL)) != -1) {
		if (opt == 'd')
			plan->device = optarg;
		else if (opt == 'j')
			plan->json = true;
		else if (opt == 'p')
			plan->file = optarg;
		else if (opt == 's')
			plan->sn = optarg;
		else if (opt == 'v')
			status = take_version(plan, optarg);
		else
			status = refuse_option("dlb", argv, opt);
	}
	if (status == 0 && plan->sn != NULL && !is_sn(plan->sn)) {
		complain("--sn %s: accepted is A:B, powers of two from %u to %u", plan->sn,
			 DLB_SN_MIN, DLB_SN_PER_GROUP);
		status = EXIT_USAGE;
	}
	if (status == 0 && (plan->file != NULL) == (optind < argc)) {
		complain("dlb config: accepted are either domains or --plan FILE; see slipway dlb "
			 "--help");
		status = EXIT_USAGE;
	}
	return status;
}

int
dlb_config(int argc, char **argv)
{
	struct plan plan = {.version = DLB_V25};
	int i, status = parse_arguments(&plan, argc, argv);

	if (status != 0)
		return status;
	dlb_pool_init(&plan.pool, plan.version);
	if (plan.file != NULL)
		status = add_file(&plan);
	for (i = optind; i < argc && status == 0; i++)
		status = add_domain(&plan, argv[i]);
	if (status == 0 && plan.nb_domains == 0) {
		complain("--plan %s: accepted is one domain or more", plan.file);
		status = EXIT_USAGE;
	}
	if (status == 0 && plan.json)
		print_json(&plan);
	else if (status == 0)
		print_table(&plan);
	while (plan.nb_domains > 0)
		free(plan.said[--plan.nb_domains]);
	if (status == 0 && (fflush(stdout) != 0 || ferror(stdout))) {
		complain("cannot write: %s", strerror(errno));
		status = EXIT_FAILED;
	}
	return status;
}

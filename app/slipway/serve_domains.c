/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "serve_domains.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "slipway.h"

void
serve_split_init(struct serve_split *split)
{
	split->domains = 0;
	split->said = false;
	split->ordered = 0;
	for (unsigned int d = 0; d < DLB_DOMAINS; d++)
		dlb_request_init(&split->requests[d]);
}

/* A number up to max that ends where `end` says. */
static int
parse_number(const char *text, char end, unsigned long max, unsigned long *number, char **rest)
{
	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*number = strtoul(text, rest, 10);
	return errno == 0 && **rest == end && *number <= max ? 0 : -EINVAL;
}

int
serve_split_domains(struct serve_split *split, const char *value)
{
	unsigned long n = 0;
	char *rest;

	if (parse_number(value, '\0', DLB_DOMAINS, &n, &rest) < 0 || n == 0) {
		complain("serve: --domains %s: accepted are 1 to %d", value, DLB_DOMAINS);
		return -EINVAL;
	}
	split->domains = (unsigned int)n;
	return 0;
}

int
serve_split_ordered(struct serve_split *split, const char *value)
{
	unsigned long n = 0;
	char *rest;

	if (parse_number(value, '\0', DLB_LDB_QUEUES, &n, &rest) < 0 || n == 0) {
		complain("serve: --ordered %s: accepted are 1 to %d", value, DLB_LDB_QUEUES);
		return -EINVAL;
	}
	split->ordered = (unsigned int)n;
	return 0;
}

/* One KEY=VALUE, which is cut in two. */
static int
take_pair(struct dlb_request *request, char *pair)
{
	char *value = strchr(pair, '=');
	int ret;

	if (value == NULL) {
		complain("serve: --domain: '%s': accepted is KEY=VALUE", pair);
		return -EINVAL;
	}
	*value++ = '\0';
	ret = dlb_request_set(request, pair, value);
	if (ret == -ENOENT)
		complain("serve: --domain: %s=%s: accepted are ldb_queues, ldb_ports, cos, "
			 "dir_ports, credits, dir_credits, history and atomic",
			 pair, value);
	else if (ret < 0)
		complain("serve: --domain: %s=%s: accepted: %s", pair, value,
			 dlb_request_accepts(pair));
	return ret < 0 ? -EINVAL : 0;
}

int
serve_split_domain(struct serve_split *split, const char *value)
{
	char *copy, *rest, *pair, *save = NULL;
	unsigned long d = 0;
	int ret = 0;

	if (parse_number(value, ':', DLB_DOMAINS - 1, &d, &rest) < 0) {
		complain("serve: --domain %s: accepted is N:KEY=VALUE,... with N from 0 to %d",
			 value, DLB_DOMAINS - 1);
		return -EINVAL;
	}
	copy = strdup(rest + 1);
	if (copy == NULL)
		return -ENOMEM;
	split->said = true;
	for (pair = strtok_r(copy, ",", &save); pair != NULL && ret == 0;
	     pair = strtok_r(NULL, ",", &save))
		ret = take_pair(&split->requests[d], pair);
	free(copy);
	return ret;
}

static bool
is_said(const struct dlb_request *request)
{
	for (unsigned int res = 0; res < DLB_RES_KINDS; res++)
		if (request->amount[res] != DLB_UNSAID)
			return true;
	return request->by_class;
}

int
serve_split_check(const struct serve_split *split)
{
	if (split->domains == 0 && (split->said || split->ordered != 0)) {
		complain("serve: %s: accepted with --domains",
			 split->said ? "--domain" : "--ordered");
		return -EINVAL;
	}
	for (unsigned int d = split->domains; d < DLB_DOMAINS; d++) {
		if (!is_said(&split->requests[d]))
			continue;
		complain("serve: --domain %u: accepted are 0 to %u, as --domains says", d,
			 split->domains - 1);
		return -EINVAL;
	}
	return 0;
}

static void
say(void *arg, const char *line)
{
	(void)arg;
	complain("serve: %s", line);
}

static void
drains(void *arg, bool begins)
{
	serve_inject_pause(arg, begins);
}

int
serve_split_create(const struct serve_split *split, enum dlb_version version,
		   struct serve_inject *inject, struct dlb_hub **hub)
{
	const struct dlb_hub_config config = {
		.version = version,
		.domains = split->domains,
		.requests = split->requests,
		.ordered = split->ordered,
		.log = say,
		.drains = drains,
		.arg = inject,
	};
	int ret = dlb_hub_create(&config, hub);

	if (ret == -ENOMEM)
		complain("serve: %u domains: %s", split->domains, strerror(-ret));
	return ret;
}

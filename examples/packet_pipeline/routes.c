/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Reads a file of routes into two longest-prefix tables. One route a line, PREFIX PORT; what
 * follows a '#' is comment.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>

#include "pipeline.h"

enum {
	ROUTES_MAX = 16384, /* of each family */
	ROUTES_TBL8S = 4096,
	LINE_BYTES = 512,
};

struct route {
	int family;
	uint8_t address[16];
	unsigned int depth;
	unsigned int port;
};

/* Where in which file, so that a refusal can say it. */
struct place {
	const char *file;
	unsigned int line;
};

static int
number_parse(const char *text, unsigned int max, unsigned int *value)
{
	unsigned long number;
	char *end;

	if (text == NULL || *text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno != 0 || *end != '\0' || number > max)
		return -EINVAL;
	*value = number;
	return 0;
}

static int
prefix_parse(char *text, struct route *route, const struct place *at)
{
	char *slash = strchr(text, '/');
	unsigned int max;

	if (slash != NULL)
		*slash = '\0';
	route->family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	if (inet_pton(route->family, text, route->address) != 1) {
		complain("%s:%u: '%s' is no IPv4 or IPv6 address", at->file, at->line, text);
		return -EINVAL;
	}
	max = route->family == AF_INET6 ? 128 : 32;
	if (slash == NULL || number_parse(slash + 1, max, &route->depth) < 0 || route->depth == 0) {
		complain("%s:%u: prefix length '%s' of %s: accepted are 1 to %u", at->file,
			 at->line, slash == NULL ? "" : slash + 1, text, max);
		return -EINVAL;
	}
	return 0;
}

static int
port_parse(const struct pipeline *p, const char *text, struct route *route, const struct place *at)
{
	if (number_parse(text, PIPELINE_MAX_PORTS - 1, &route->port) < 0 ||
	    !p->ports[route->port].used) {
		complain("%s:%u: port '%s': accepted are the %u Ethernet ports that EAL was given, "
			 "counted from 0",
			 at->file, at->line, text, rte_eth_dev_count_avail());
		return -EINVAL;
	}
	return 0;
}

static int
route_add(struct routes *routes, const struct route *route, const struct place *at)
{
	uint32_t ipv4;
	int ret;

	memcpy(&ipv4, route->address, sizeof(ipv4));
	if (route->family == AF_INET)
		ret = rte_lpm_add(routes->ipv4, ntohl(ipv4), route->depth, route->port);
	else
		ret = rte_lpm6_add(routes->ipv6, route->address, route->depth, route->port);
	if (ret < 0) {
		complain("%s:%u: the route table is full: it takes %u routes of a family, and %u "
			 "groups of long prefixes",
			 at->file, at->line, ROUTES_MAX, ROUTES_TBL8S);
		return ret;
	}
	routes->count++;
	return 0;
}

static int
line_parse(struct pipeline *p, char *line, const struct place *at)
{
	char *prefix, *port, *save;
	struct route route;

	line[strcspn(line, "#\r\n")] = '\0';
	prefix = strtok_r(line, " \t", &save);
	if (prefix == NULL)
		return 0;
	port = strtok_r(NULL, " \t", &save);
	if (port == NULL || strtok_r(NULL, " \t", &save) != NULL) {
		complain("%s:%u: a route is two words, PREFIX PORT", at->file, at->line);
		return -EINVAL;
	}
	if (prefix_parse(prefix, &route, at) < 0 || port_parse(p, port, &route, at) < 0)
		return -EINVAL;
	return route_add(&p->routes, &route, at);
}

static int
file_parse(struct pipeline *p, FILE *file)
{
	struct place at = {.file = p->options.routes};
	char line[LINE_BYTES];
	int ret = 0;

	while (ret == 0 && fgets(line, sizeof(line), file) != NULL) {
		at.line++;
		ret = line_parse(p, line, &at);
	}
	if (ret == 0 && ferror(file)) {
		complain("%s: cannot be read: %s", at.file, strerror(errno));
		return -EIO;
	}
	return ret;
}

static int
tables_create(struct routes *routes)
{
	const struct rte_lpm_config ipv4 = {
		.max_rules = ROUTES_MAX,
		.number_tbl8s = ROUTES_TBL8S,
	};
	const struct rte_lpm6_config ipv6 = {
		.max_rules = ROUTES_MAX,
		.number_tbl8s = ROUTES_TBL8S,
	};

	routes->ipv4 = rte_lpm_create("routes4", SOCKET_ID_ANY, &ipv4);
	routes->ipv6 = rte_lpm6_create("routes6", SOCKET_ID_ANY, &ipv6);
	if (routes->ipv4 == NULL || routes->ipv6 == NULL) {
		complain("the route tables take about 140 MB of DPDK memory, which is not there: "
			 "give EAL more, e.g. --no-huge -m 512");
		return -ENOMEM;
	}
	return 0;
}

int
routes_load(struct pipeline *p)
{
	FILE *file;
	int ret;

	ret = tables_create(&p->routes);
	if (ret < 0)
		return EXIT_FAILED;
	if (p->options.routes == NULL)
		return EXIT_DONE;
	file = fopen(p->options.routes, "r");
	if (file == NULL) {
		complain("--routes %s: %s", p->options.routes, strerror(errno));
		return EXIT_USAGE;
	}
	ret = file_parse(p, file);
	fclose(file);
	return ret < 0 ? EXIT_USAGE : EXIT_DONE;
}

void
routes_free(struct routes *routes)
{
	rte_lpm_free(routes->ipv4);
	rte_lpm6_free(routes->ipv6);
	routes->ipv4 = NULL;
	routes->ipv6 = NULL;
}

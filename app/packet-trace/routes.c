/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packet_trace.h"
#include "routes.h"

/* Reads one number that ends the word, without sign or spaces. */
static bool
number_read(const char *text, unsigned int min, unsigned int max, unsigned int *value)
{
	int used = 0;

	return *text >= '0' && *text <= '9' && strlen(text) < 10 &&
	       sscanf(text, "%u%n", value, &used) == 1 && text[used] == '\0' && *value >= min &&
	       *value <= max;
}

static const char *
route_read(struct route *route, char *prefix, const char *port)
{
	char *slash = strchr(prefix, '/');

	if (slash == NULL)
		return "a prefix is ADDRESS/BITS";
	*slash = '\0';
	memset(route, 0, sizeof(*route));
	if (inet_pton(AF_INET, prefix, route->address) == 1)
		route->address_bytes = 4;
	else if (inet_pton(AF_INET6, prefix, route->address) == 1)
		route->address_bytes = 16;
	else
		return "this is no IPv4 or IPv6 address";
	if (!number_read(slash + 1, 1, route->address_bytes * 8, &route->depth))
		return "accepted prefix lengths are 1 to 32 for IPv4, 1 to 128 for IPv6";
	if (!number_read(port, 0, PORTS_MAX - 1, &route->port))
		return "accepted ports are 0 to 63";
	return NULL;
}

static const char *
route_append(struct routes *routes, const struct route *route)
{
	struct route *list;

	list = reallocarray(routes->list, routes->count + 1, sizeof(*route));
	if (list == NULL)
		return "no memory for another route";
	routes->list = list;
	routes->list[routes->count++] = *route;
	return NULL;
}

/* NULL, or what is wrong with the line. */
static const char *
line_read(struct routes *routes, char *line)
{
	const char *blanks = " \t\r\n";
	char *prefix, *port, *rest;
	struct route route;
	const char *wrong;

	line[strcspn(line, "#")] = '\0';
	prefix = strtok_r(line, blanks, &rest);
	if (prefix == NULL)
		return NULL;
	port = strtok_r(NULL, blanks, &rest);
	if (port == NULL || strtok_r(NULL, blanks, &rest) != NULL)
		return "a route is two words, PREFIX PORT";
	wrong = route_read(&route, prefix, port);
	return wrong != NULL ? wrong : route_append(routes, &route);
}

int
routes_read(struct routes *routes, const char *file)
{
	const char *wrong = NULL;
	unsigned int number = 0;
	char line[512];
	FILE *stream;

	stream = fopen(file, "r");
	if (stream == NULL) {
		complain("--routes %s: %s", file, strerror(errno));
		return -EIO;
	}
	while (wrong == NULL && fgets(line, sizeof(line), stream) != NULL) {
		number++;
		wrong = line_read(routes, line);
	}
	if (wrong == NULL && ferror(stream))
		wrong = "cannot be read any further";
	fclose(stream);
	if (wrong == NULL)
		return 0;
	complain("%s:%u: %s", file, number, wrong);
	return -EINVAL;
}

void
routes_free(struct routes *routes)
{
	free(routes->list);
}

static bool
covers(const struct route *route, const struct frame *frame)
{
	unsigned int whole = route->depth / 8, rest = route->depth % 8;

	if (route->address_bytes != frame->address_bytes)
		return false;
	if (memcmp(route->address, frame->destination, whole) != 0)
		return false;
	return rest == 0 || (route->address[whole] ^ frame->destination[whole]) >> (8 - rest) == 0;
}

const struct route *
routes_find(const struct routes *routes, const struct frame *frame)
{
	const struct route *best = NULL;
	unsigned int i;

	for (i = 0; i < routes->count; i++)
		if (covers(&routes->list[i], frame) &&
		    (best == NULL || routes->list[i].depth >= best->depth))
			best = &routes->list[i];
	return best;
}

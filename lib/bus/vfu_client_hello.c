/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The first words: a version, what either side is able to, and what the device has. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "vfu_client_priv.h"

/* A server with fewer is none of a PCI device; one with more makes no sense. */
#define REGIONS_MIN 8
#define REGIONS_MAX 100
#define IRQS_MIN    3
/* By the specification of PCI. */
#define CONFIG_MIN  256
#define CONFIG_MAX  4096
#define VECTORS_MAX 2048
/* Of data in one message: a line of a device must fit. */
#define DATA_MIN 64

static int
no_good(const struct vfu_client *c, const char *what)
{
	vfu_client_say(c, what);
	return -EPROTO;
}

static int
hello_text(bool share, char *text, size_t size)
{
	json_t *json;
	size_t len;

	json = json_pack("{s:{s:i, s:i, s:b, s:{s:b}}}", VFU_CAPABILITIES, VFU_CAP_MAX_MSG_FDS,
			 (int)VFU_MAX_FDS, VFU_CAP_MAX_DATA_XFER, (int)VFU_CLIENT_DATA,
			 VFU_CAP_WRITE_MULTIPLE, 0, VFU_CAP_SLIPWAY, VFU_CAP_SHARE, (int)share);
	if (json == NULL)
		return -ENOMEM;
	len = json_dumpb(json, text, size - 1, JSON_COMPACT);
	json_decref(json);
	if (len == 0 || len > size - 1)
		return -ENOMEM;
	text[len] = '\0';
	return (int)len + 1;
}

/* A number of the answer, no more than a most; what it is when it is missing. */
static unsigned int
number(const json_t *caps, const char *key, unsigned int missing, unsigned int most)
{
	const json_t *value = json_object_get(caps, key);
	json_int_t n = json_is_integer(value) ? json_integer_value(value) : missing;

	return n < 0 ? 0 : n > most ? most : (unsigned int)n;
}

static int
take_about(struct vfu_client *c, const json_t *caps)
{
	const json_t *ours = json_object_get(caps, VFU_CAP_SLIPWAY);
	const json_t *about = json_object_get(ours, VFU_CAP_ABOUT);

	c->shares = json_is_true(json_object_get(ours, VFU_CAP_SHARE));
	if (!json_is_object(about))
		return 0;
	c->about = json_dumps(about, JSON_COMPACT);
	return c->about != NULL ? 0 : -ENOMEM;
}

static int
take_capabilities(struct vfu_client *c, const char *text, size_t len)
{
	json_t *json = NULL;
	const json_t *caps;
	int ret;

	/* No text at all stands for no capabilities. */
	if (len != 0) {
		if (text[len - 1] == '\0')
			json = json_loadb(text, len - 1, 0, NULL);
		if (!json_is_object(json)) {
			json_decref(json);
			return no_good(c, "answered with capabilities that are no JSON object; "
					  "is it a vfio-user server?");
		}
	}
	caps = json_object_get(json, VFU_CAPABILITIES);
	c->max_fds = number(caps, VFU_CAP_MAX_MSG_FDS, VFU_DEFAULT_MSG_FDS, VFU_MAX_FDS);
	c->max_data = number(caps, VFU_CAP_MAX_DATA_XFER, VFU_CLIENT_DATA, VFU_CLIENT_DATA);
	ret = take_about(c, caps);
	json_decref(json);
	if (ret == 0 && (c->max_fds == 0 || c->max_data < DATA_MIN))
		return no_good(c, "takes less than one descriptor or 64 bytes in a message; "
				  "accepted: more");
	return ret;
}

static int
say_hello(struct vfu_client *c, bool share)
{
	static const struct vfu_version ours = {VFU_MAJOR, VFU_MINOR};
	char text[VFU_VERSION_JSON_MAX];
	struct vfu_version theirs = {0, 0};
	struct vfu_call call = {
		.command = VFU_VERSION,
		.reply = {{&theirs, sizeof(theirs)}, {text, sizeof(text)}},
	};
	int ret = hello_text(share, text, sizeof(text));

	if (ret < 0)
		return ret;
	call.parts[0] = (struct iovec){(void *)(uintptr_t)&ours, sizeof(ours)};
	call.parts[1] = (struct iovec){text, (size_t)ret};
	ret = vfu_client_call(c, &call);
	if (ret == -ENOTCONN && c->timed_out)
		return -EBUSY;
	if (ret == -EBUSY)
		vfu_client_say(c, "has a client already; one is accepted, start another server");
	else if (ret < 0 && ret != -ENOTCONN)
		vfu_client_say(c, "refused to agree on a version; accepted: 0.0");
	if (ret < 0)
		return ret;
	if (call.reply_len < sizeof(theirs) || theirs.major != VFU_MAJOR ||
	    theirs.minor > VFU_MINOR)
		return no_good(c, "speaks another version of vfio-user; accepted: 0.0");
	c->agreed = true;
	return take_capabilities(c, text, call.reply_len - sizeof(theirs));
}

/* A command that fills in a structure of the same size as its request. */
static int
ask(struct vfu_client *c, uint16_t command, void *info, size_t size)
{
	struct vfu_call call = {
		.command = command,
		.parts = {{info, size}},
		.reply = {{info, size}},
	};
	int ret = vfu_client_call(c, &call);

	if (ret == -ENOTCONN)
		return ret;
	if (ret < 0 || call.reply_len != size)
		return no_good(c, "does not tell what its device has; is it one of a PCI device?");
	return 0;
}

static int
ask_region(struct vfu_client *c, unsigned int index)
{
	struct vfu_region_info info = {.argsz = sizeof(info), .index = index};
	int ret = ask(c, VFU_DEVICE_GET_REGION_INFO, &info, sizeof(info));

	if (ret < 0)
		return ret;
	c->region_bytes[index] = info.size;
	if (index == VFU_REGION_CONFIG && (info.size < CONFIG_MIN || info.size > CONFIG_MAX))
		return no_good(c, "has a configuration space of a wrong size; accepted: 256..4096");
	return 0;
}

static int
ask_device(struct vfu_client *c)
{
	struct vfu_device_info info = {.argsz = sizeof(info)};
	struct vfu_irq_info irq = {.argsz = sizeof(irq), .index = VFU_IRQ_MSIX};
	unsigned int i;
	int ret = ask(c, VFU_DEVICE_GET_INFO, &info, sizeof(info));

	if (ret < 0)
		return ret;
	if (!(info.flags & VFU_DEVICE_PCI) || info.num_regions < REGIONS_MIN ||
	    info.num_regions > REGIONS_MAX || info.num_irqs < IRQS_MIN)
		return no_good(c, "serves something that is no PCI device");
	for (i = 0; i <= VFU_REGION_CONFIG && ret == 0; i++)
		ret = ask_region(c, i);
	if (ret == 0)
		ret = ask(c, VFU_DEVICE_GET_IRQ_INFO, &irq, sizeof(irq));
	if (ret == 0 && irq.count > VECTORS_MAX)
		return no_good(c, "has too many vectors of MSI-X; accepted: 0..2048");
	c->vectors = irq.count;
	return ret;
}

int
vfu_client_hello(struct vfu_client *c, bool share)
{
	int ret = say_hello(c, share);

	return ret < 0 ? ret : ask_device(c);
}

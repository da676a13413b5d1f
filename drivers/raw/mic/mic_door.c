/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The door for our tests: the card behind a device, and a stand-in for who carries the messages
 * that states of later eras come by.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "access_mic.h"
#include "access_test.h"
#include "mic_cosm.h"
#include "mic_page.h"
#include "mic_priv.h"

static void
test_step(uint16_t dev_id)
{
	const struct mic *mic = mic_of_id(dev_id);

	if (mic != NULL)
		access_step(mic_dev_access(mic->dev));
}

static uint64_t
test_stray(uint16_t dev_id)
{
	const struct mic *mic = mic_of_id(dev_id);

	return mic != NULL ? access_stray(mic_dev_access(mic->dev)) : 0;
}

static int
test_card(uint16_t dev_id, const char *command)
{
	const struct mic *mic = mic_of_id(dev_id);

	if (mic == NULL)
		return -ENODEV;
	return mic->args.at == MIC_AT_MODEL
		       ? access_mic_command(mic_dev_access(mic->dev), command)
		       : -ENOTSUP;
}

/* What a card is sent it obeys at once: it powers off, and hangs up. */
static int
cosm_send(void *arg, enum mic_cosm_id id, uint64_t first, uint64_t second)
{
	struct mic_dev *dev = arg;

	RTE_SET_USED(first);
	RTE_SET_USED(second);
	if (id == MIC_COSM_SHUTDOWN) {
		mic_cosm_message(dev, MIC_COSM_SHUTDOWN_STATUS, MIC_SHUTDOWN_POWER_OFF);
		mic_cosm_closed(dev);
	}
	return 0;
}

static int
test_cosm(uint16_t dev_id, const char *what)
{
	const struct mic *mic = mic_of_id(dev_id);

	if (mic == NULL)
		return -ENODEV;
	if (strcmp(what, "connect") == 0)
		return mic_cosm_connected(mic->dev, cosm_send, mic->dev);
	if (strcmp(what, "heartbeat") == 0)
		mic_cosm_message(mic->dev, MIC_COSM_HEARTBEAT, 0);
	else if (strncmp(what, "status ", 7) == 0)
		mic_cosm_message(mic->dev, MIC_COSM_SHUTDOWN_STATUS,
				 strtoull(what + 7, NULL, 10));
	else if (strcmp(what, "close") == 0)
		mic_cosm_closed(mic->dev);
	else
		return -EINVAL;
	return 0;
}

__attribute__((visibility("default"))) const struct access_test *
mic_access_test(uint16_t dev_id)
{
	static const struct access_test table = {
		.step = test_step,
		.stray = test_stray,
		.card = test_card,
		.cosm = test_cosm,
	};

	return mic_of_id(dev_id) != NULL ? &table : NULL;
}

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "cards.h"
#include "slipway.h"

int
card_run(int argc, char **argv)
{
	(void)argc;
	complain("card %s: not built yet", argv[0]);
	return EXIT_FAILED;
}

int
card_mkimage(int argc, char **argv)
{
	return card_run(argc, argv);
}

int
card_image_make(const char *path)
{
	complain("card: %s: not built yet", path);
	return -1;
}

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_TELEMETRY_H
#define SLIPWAY_MIC_TELEMETRY_H

/**
 * @file
 * What telemetry tells of cards.
 */

#include "mic_priv.h"

/** From now on it is in the list. */
void mic_telemetry_show(struct mic *mic);
/** No longer; once this returns nobody looks at it. */
void mic_telemetry_hide(struct mic *mic);

#endif /* SLIPWAY_MIC_TELEMETRY_H */

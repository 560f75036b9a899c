import { describe, expect, it } from 'vitest';
import type { LlamaHyperparameters } from '../../lib/architecture/index.ts';
import { rollingWindow, slotsFor } from '../../lib/model/sample-limits.ts';

/** The released model: 16 KiB of keys and values for a token. */
const released = { layerCount: 8, kvHeadCount: 4, headSize: 64, contextLength: 4096 } as LlamaHyperparameters;

describe('samples that advance together', () => {
  it('are 64, or fewer where their keys and values would take more than a gibibyte', () => {
    expect(slotsFor(released, 3968, 128)).toBe(64);
    expect(slotsFor(released, 96, 4000)).toBe(Math.floor(2 ** 16 / (4000 + 32)));
    expect(slotsFor(released, 3072, 100_000)).toBe(Math.floor(2 ** 16 / (1024 + 4096 + 32)));
  });

  it('are one at least', () => {
    expect(slotsFor({ ...released, layerCount: 1000, kvHeadCount: 64 }, 1, 4095)).toBe(1);
  });
});

describe('a window that moves on', () => {
  it('keeps three quarters', () => {
    expect([4096, 40, 5, 2, 1].map(rollingWindow)).toEqual([3072, 30, 3, 1, 1]);
  });
});

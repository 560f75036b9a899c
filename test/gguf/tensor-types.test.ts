import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { tensorTypes } from '../../lib/gguf/tensor-types.ts';
import { readPin } from '../../scripts/lib/ggml-pin.mjs';

/** Bits of an element, as llama.cpp's documentation and the papers of these types give them. */
const bits: Record<string, number> = {
  ...{ F32: 32, F16: 16, BF16: 16, F64: 64, I8: 8, I16: 16, I32: 32, I64: 64 },
  ...{ Q4_0: 4.5, Q4_1: 5, Q5_0: 5.5, Q5_1: 6, Q8_0: 8.5, Q8_1: 9, Q1_0: 1.125, Q2_0: 2.25 },
  ...{ Q2_K: 2.625, Q3_K: 3.4375, Q4_K: 4.5, Q5_K: 5.5, Q6_K: 6.5625, Q8_K: 9.125 },
  ...{ IQ1_S: 1.5625, IQ1_M: 1.75, IQ2_XXS: 2.0625, IQ2_XS: 2.3125, IQ2_S: 2.5625, IQ3_XXS: 3.0625, IQ3_S: 3.4375 },
  ...{ IQ4_NL: 4.5, IQ4_XS: 4.25, TQ1_0: 1.6875, TQ2_0: 2.0625, MXFP4: 4.25, NVFP4: 4.5 },
};

/** Elements of a block where it is not one and not 256, as of all names that end in K or begin with I or T. */
const blocks: Record<string, number> = {
  ...{ Q4_0: 32, Q4_1: 32, Q5_0: 32, Q5_1: 32, Q8_0: 32, Q8_1: 32, IQ4_NL: 32, MXFP4: 32 },
  ...{ NVFP4: 64, Q2_0: 64, Q1_0: 128 },
};

describe('storage types', () => {
  it('take the bits that they are known for', () => {
    const types = [...tensorTypes.values()];
    expect(types.map(({ name }) => name).sort()).toEqual(Object.keys(bits).sort());
    for (const { name, blockSize, blockBytes } of types) {
      expect((8 * blockBytes) / blockSize, name).toBe(bits[name]);
      const isSingle = /^(F|BF|I)\d+$/.test(name);
      expect(blockSize, name).toBe(blocks[name] ?? (isSingle ? 1 : 256));
    }
  });

  const ggml = process.env['CLMBR_GGML_DIR'] ?? fileURLToPath(new URL('../../.ggml', import.meta.url));
  const candidates = [ggml, `${ggml}/${(readPin() as { version: string }).version}`].map(
    (path) => `${path}/include/ggml.h`,
  );
  const header = candidates.find((path) => existsSync(path));

  it.runIf(header !== undefined)("have ggml's numbers", () => {
    const declared = readFileSync(header!, 'utf8').matchAll(/^\s*GGML_TYPE_(\w+)\s*=\s*(\d+),/gm);
    const numbers = new Map([...declared].map(([, name, number]) => [Number(number), name!]));
    numbers.delete([...numbers].find(([, name]) => name === 'COUNT')?.[0] ?? -1);
    expect([...tensorTypes].map(([number, { name }]) => [number, name])).toEqual(
      [...numbers].sort(([a], [b]) => a - b),
    );
  });
});

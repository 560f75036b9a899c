import type { DeviceName } from '../../lib/model/index.ts';
import type { WeightType } from '../../lib/types.ts';

/** The device that the tests of this folder compare with the processor's own kernels. */
export const device = (process.env.CLMBR_TEST_DEVICE ?? 'cpu-reference') as DeviceName;

const isReference = device === 'cpu-reference';

/**
 * How far a row of results may lie from that of our kernels: largest difference over the row's largest value. Only F32 on ggml's CPU
 * backend is computed in F32; elsewhere operands of products are rounded (see `info.compute`), and small random models carry that far.
 */
export function tolerance(type: WeightType): number {
  if (type === 'F32') return isReference ? 5e-5 : 2e-2;
  if (type === 'F16') return isReference ? 5e-3 : 2e-2;
  return 8e-2;
}

/** The same for perplexities, relative. */
export function perplexityTolerance(type: WeightType): number {
  if (type === 'F32') return isReference ? 1e-5 : 2e-3;
  return 1e-2;
}

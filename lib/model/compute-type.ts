import type { WeightType } from '../types.ts';

/**
 * The type that operands of products are rounded to before they are multiplied; sums are F32 everywhere. `tf32`: F32 with 10 bits of
 * mantissa. `int8`: whole numbers with a scale for each block of 32 (GPUs) or
 * 64 (`cpu`), of weights and of activations.
 */
export type ComputeType = 'f32' | 'tf32' | 'f16' | 'bf16' | 'int8';

const ownType: Record<WeightType, ComputeType> = { F32: 'f32', F16: 'f16', BF16: 'bf16', Q8_0: 'int8' };

/** How ggml's backends multiply with weights of a type (read from their sources and, where a device was at hand, measured: docs/devices.md). */
export function computeType(device: string, weights: WeightType): ComputeType {
  switch (device.split(':')[0]) {
    case 'cpu':
      return 'f32';
    case 'cuda':
      return weights === 'F32' ? 'tf32' : ownType[weights];
    case 'metal':
      return 'f16';
    case 'vulkan':
      return weights === 'BF16' ? 'bf16' : 'f16';
    default:
      return ownType[weights];
  }
}

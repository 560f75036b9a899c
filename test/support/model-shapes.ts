import type { ConvertType } from '../../lib/convert/convert.ts';
import type { CheckpointOptions, CheckpointType } from './checkpoint.ts';
import { ropeConfigs } from './model.ts';
import { seededRandom } from './random.ts';

export type Shape = CheckpointOptions & { name: string; type?: ConvertType };

type Brief = [heads: number, kvHeads: number, headSize: number, hiddenSize: number, feedForward: number];

function shape(
  name: string,
  [heads, kvHeads, headSize, hiddenSize, feedForward]: Brief,
  rope: keyof typeof ropeConfigs,
  more: Partial<Shape> & { epsilon?: number } = {},
): Shape {
  const { epsilon = 1e-5, ...rest } = more;
  return {
    name,
    heads,
    kvHeads,
    headSize,
    hiddenSize,
    feedForward,
    vocabularySize: 45,
    config: { ...ropeConfigs[rope], rms_norm_eps: epsilon },
    ...rest,
  };
}

/** One of everything that a Llama can be: where the engine's tiles, panels and blocks end is where these sizes lie. */
export const chosenShapes: Shape[] = [
  shape('head 8, MHA', [5, 5, 8, 40, 52], 'default'),
  shape('head 16, GQA, llama3', [6, 2, 16, 48, 100], 'llama3', { epsilon: 1e-2 }),
  shape('head 24, MQA, linear, tied F16', [3, 1, 24, 72, 33], 'linear', { dtype: 'F16', tied: true }),
  shape('head 40, wider than the hidden size, BF16', [4, 2, 40, 56, 90], 'default', { dtype: 'BF16', shards: 3 }),
  shape('head 64, Q8_0, llama3', [4, 4, 64, 64, 96], 'llama3', { type: 'q8_0' }),
  shape('head 72, MQA, tied Q8_0', [2, 1, 72, 96, 160], 'linear', { type: 'q8_0', tied: true }),
  shape('Q8_0 beside F16, where rows are no multiple of 32', [3, 3, 32, 100, 128], 'llama3', { type: 'q8_0' }),
  shape('head 128, linear', [2, 1, 128, 136, 64], 'linear', { layers: 3 }),
  shape('head 256, one head, F16', [1, 1, 256, 40, 48], 'default', { dtype: 'F16' }),
  shape('head 256, GQA, BF16, llama3', [4, 2, 256, 24, 40], 'llama3', { dtype: 'BF16' }),
  shape('more inputs than a block: hidden 1032', [2, 1, 16, 1032, 40], 'default', { layers: 1 }),
  shape('more inputs than a block: feed-forward 1120 in Q8_0', [2, 1, 32, 64, 1120], 'llama3', { type: 'q8_0' }),
  shape('vocabulary of 700, tied', [2, 2, 8, 24, 40], 'default', { vocabularySize: 700, tied: true, layers: 1 }),
  shape('12 heads on one key head', [12, 1, 16, 64, 70], 'llama3'),
  shape('104 heads on one key head', [104, 1, 8, 16, 24], 'default', { layers: 1 }),
  shape('the smallest', [1, 1, 8, 8, 8], 'default', { layers: 1, vocabularySize: 8 }),
];

/** Shapes drawn at random, the same ones on every machine. */
export function randomShapes(count: number): Shape[] {
  const random = seededRandom(20);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const between = (least: number, most: number): number => least + Math.floor(random() * (most - least + 1));
  return Array.from({ length: count }, (_, i) => {
    const [kvHeads, group, headSize] = [between(1, 4), between(1, 4), 8 * between(1, 12)];
    const quantised = random() < 0.25;
    const dtype = pick<CheckpointType>(['F32', 'F16', 'BF16']);
    const rope = pick(['default', 'linear', 'llama3'] as const);
    const brief: Brief = [kvHeads * group, kvHeads, headSize, between(9, 140), between(5, 200)];
    const label = `drawn ${i}: heads ${brief.join(' ')}, ${rope}, ${quantised ? 'q8_0' : dtype}`;
    return shape(label, brief, rope, {
      seed: 100 + i,
      dtype,
      tied: random() < 0.5,
      layers: between(1, 3),
      vocabularySize: between(9, 300),
      ...(quantised ? { type: 'q8_0' as const } : {}),
    });
  });
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { convertCheckpoint } from '../../lib/convert/convert.ts';
import { golden, hasGolden } from '../support/golden.ts';
import { modelLoader } from '../support/model.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { collect, idsOf } from './futures.ts';

const names = ['gqa-llama3-f32', 'gqa-sharded-bf16', 'mha-tied-f16', 'mqa-wide-head-f32', 'one-layer-f32'];

describe.runIf(hasGolden)('greedy continuations of transformers', async () => {
  const folder = await temporaryFolder();
  const load = modelLoader();

  it.each(names)('%s', async (name) => {
    const source = join(golden, 'models', name);
    const target = join(folder, `${name}.gguf`);
    await convertCheckpoint({ source, target });
    const model = await load(target, { threads: 2 });
    const text = readFileSync(join(source, 'expected.json'), 'utf8');
    const { sequences, greedy } = JSON.parse(text) as { sequences: number[][]; greedy: number[][] };
    expect(greedy).toHaveLength(5);
    let events = 0;
    for (const [i, whole] of greedy.entries()) {
      const [future] = await collect(model.generate(sequences[i]!, { temperature: 0, maxEvents: 24 }));
      expect([...sequences[i]!, ...idsOf(future!)]).toEqual(whole);
      expect(future!.stopReason).toBe(whole.at(-1) === 1 ? 'eos' : 'maxEvents');
      events += future!.events.length;
    }
    expect(events).toBeGreaterThan(60);
  });
});

import { Readable } from 'node:stream';
import type { ClmbrModel, EmbedOptions } from '../../../../lib/model/index.ts';
import { EmbedResult } from '../../../../lib/model/index.ts';
import type { Patient } from '../../../../lib/types.ts';
import { demand } from '../judge.ts';
import type { Random } from '../random.ts';
import { checkEmbedding } from './check-embed.ts';
import type { Call, Subject } from './subject.ts';
import { collect, drawPatients, drawTimes, rowsOf, spoilOptions, spoilPatients } from './subject.ts';

/** All chunks of a stream as one result. */
async function throughStream(
  model: ClmbrModel,
  patients: readonly Patient[],
  options: EmbedOptions,
): Promise<EmbedResult> {
  const chunks = await collect(model.embedStream(Readable.from(patients), options));
  const data = Float32Array.from(chunks.flatMap((chunk) => [...chunk.data]));
  return new EmbedResult(
    data,
    chunks[0]?.dimensions ?? 0,
    chunks.flatMap(({ rows }) => rows),
    chunks.at(-1)?.coverage ?? (await model.embed([])).coverage,
  );
}

export function drawEmbed(random: Random, subject: Subject): Call {
  const patients = drawPatients(random, subject);
  const at = drawTimes(random, patients);
  const options: EmbedOptions = {
    pooling: random.pick(['last', 'mean', 'max', 'none'] as const),
    representation: random.pick(['hidden', 'logits'] as const),
    overflow: random.pick(['last', 'last', 'first', 'mean', 'error'] as const),
    specialTokens: random.chance(0.3),
    minCoverage: 0,
    ...(at !== null && { at: at.map(({ given }) => given) }),
  };
  const rows = rowsOf(patients, at, options.specialTokens!, subject).flat();
  const refused =
    (options.pooling === 'none' && options.overflow === 'mean') ||
    (options.overflow === 'error' && rows.some(({ ids }) => ids.length > subject.contextLength));
  // A stream has no label times of the call, and cannot hold null or undefined.
  const isStream = at === null && random.chance(0.3);
  const checked = { ...options };
  const wrong = spoilOptions(random, options);
  const { given, spoilt } = isStream
    ? { given: patients.map(({ patient }) => patient), spoilt: false }
    : spoilPatients(random, patients);
  return {
    spoilt: wrong || spoilt || refused,
    run: async (signal) => {
      const asked = { ...options, ...(signal && { signal }) };
      const result = await (isStream ? throughStream(subject.model, given, asked) : subject.model.embed(given, asked));
      demand(!refused || wrong, 'a call that must be refused was not');
      return async () => {
        if (!wrong && !spoilt)
          await checkEmbedding(result, rows, checked, { model: subject.alone, contextLength: subject.contextLength });
      };
    },
  };
}

import type { Future, GenerateOptions } from '../../../../lib/model/index.ts';
import { demand } from '../judge.ts';
import type { NaiveModel } from './naive-model.ts';

const tolerance = 1e-4;
const eos = 1;

/**
 * The log-probabilities that each event was drawn by. When history and future fill the context, its last three quarters are computed anew
 * and the future goes on.
 */
async function foreseeing(
  model: NaiveModel,
  history: readonly number[],
  ids: readonly number[],
  contextLength: number,
): Promise<Float64Array[]> {
  const all = [...history, ...ids];
  const result: Float64Array[] = [];
  for (let begin = 0; result.length < ids.length; ) {
    const next = history.length + result.length;
    if (next - begin >= contextLength) begin = next - Math.floor((3 * contextLength) / 4);
    const end = Math.min(begin + contextLength - 1, all.length - 1);
    const logProbs = await model.logProbs(all.slice(begin, end));
    result.push(...logProbs.slice(next - begin - 1));
  }
  return result;
}

/** Every future could have been drawn, and its log-probabilities are the model's. */
export async function checkFutures(
  futures: readonly Future[],
  history: readonly number[],
  options: GenerateOptions,
  { model, contextLength }: { model: NaiveModel; contextLength: number },
): Promise<void> {
  const { samples = 1, maxEvents = 128, minEvents = 0, temperature = 1, whenFull = 'stop' } = options;
  const forbidden = new Set(options.forbid as number[] | undefined);
  const stops = new Set(options.stop as number[] | undefined);
  demand(futures.length === samples, `${futures.length} futures, expected ${samples}`);
  demand(new Set(futures.map(({ sample }) => sample)).size === samples, 'a sample came twice');
  for (const { events, stopReason, sample } of futures) {
    const ids = events.map(({ id }) => id);
    const name = `future ${sample} (${stopReason}, ${ids.length} events)`;
    demand(ids.length >= 1 && ids.length <= maxEvents, `${name} is too long or short`);
    demand(
      ids.every((id) => !forbidden.has(id)),
      `${name} holds what was forbidden`,
    );
    const ends = (id: number) => id === eos || stops.has(id);
    const firstEnd = ids.findIndex(ends);
    demand(firstEnd < 0 || firstEnd === ids.length - 1, `${name} goes on behind its end`);
    if (firstEnd >= 0) {
      demand(ids.length > minEvents, `${name} ended before ${minEvents} events`);
      demand(stopReason === (ids.at(-1) === eos ? 'eos' : 'stop'), `${name} has another reason`);
    } else if (stopReason === 'context') {
      demand(whenFull === 'stop' && history.length + ids.length >= contextLength, `${name} is not full`);
    } else demand(stopReason === 'maxEvents' && ids.length === maxEvents, `${name} ended without a reason`);
    const foreseen = await foreseeing(model, history, ids, contextLength);
    for (const [i, { id, logProb }] of events.entries()) {
      const expected = foreseen[i]!;
      demand(
        Math.abs(expected[id]! - logProb) <= tolerance * Math.max(1, Math.abs(logProb)),
        `${name}: log-probability ${i}`,
      );
      if (temperature > 0) continue;
      const best = expected.reduce(
        (most, one, other) => (forbidden.has(other) || (i < minEvents && ends(other)) ? most : Math.max(most, one)),
        -Infinity,
      );
      demand(expected[id]! >= best - tolerance, `${name}: event ${i} is not the most probable one`);
    }
  }
}

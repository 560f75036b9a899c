import { eosId } from '../tokenizer/index.ts';
import type { Patient } from '../types.ts';
import { futureOf, generatedEvent } from './generate-future.ts';
import type { Future } from './generate-future.ts';
import { historyRoom, readHistory } from './generate-history.ts';
import { assertDrawable } from './generate-options.ts';
import type { CheckedGenerateOptions } from './generate-options.ts';
import { SampleBatch } from './sample-batch.ts';
import type { SampleDraws, SampleSettings, StopReason } from './sample-batch.ts';
import type { Session } from './session.ts';
import { stoppable } from './stoppable.ts';

/**
 * Futures of a patient, each as soon as it has ended. Nothing is computed before the first one is asked for, nor while nobody asks.
 *
 * @throws ClmbrError INVALID_ARGUMENT at once
 */
export function generateFutures(
  session: Session,
  patient: Patient,
  options: CheckedGenerateOptions,
): AsyncGenerator<Future, void, undefined> {
  const settings = settingsOf(session, options);
  return stoppable(({ signal }) => run(session, patient, options, settings, signal), options.signal);
}

async function* run(
  session: Session,
  patient: Patient,
  options: CheckedGenerateOptions,
  settings: SampleSettings,
  signal: AbortSignal,
): AsyncGenerator<Future, void, undefined> {
  const room = historyRoom(session.model.hyperparameters.contextLength, options.maxEvents);
  const { ids, info } = await readHistory(session, patient, { ...options, signal }, room);
  const batch = await SampleBatch.open(session, ids, settings, options.samples, signal);
  try {
    for await (const drawn of batch.run(0, options.samples))
      yield futureOf(session.tokenizer, drawn, { ...info }, options.logProbs);
  } finally {
    batch.dispose();
  }
}

/** The event that ends a timeline, in this model. */
export function endOf(session: Session): number {
  return session.model.hyperparameters.eosId ?? eosId;
}

function settingsOf(session: Session, options: CheckedGenerateOptions): SampleSettings {
  const { tokenizer } = session;
  const { maxEvents, minEvents, whenFull, stopWhen, onEvent } = options;
  const { vocabularySize } = session.model.hyperparameters;
  const end = endOf(session);
  const stops = new Set(options.stop);
  const early = minEvents === 0 ? [] : [...stops, end].filter((id) => id < vocabularySize);
  assertDrawable('forbid', new Set(options.forbid), vocabularySize);
  assertDrawable('minEvents', new Set([...options.forbid, ...early]), vocabularySize);
  const ends = ({ sample, ids, logProbs }: SampleDraws): StopReason | undefined => {
    const id = ids.at(-1)!;
    if (onEvent === undefined && stopWhen === undefined) return id === end ? 'eos' : stops.has(id) ? 'stop' : undefined;
    const event = generatedEvent(tokenizer, id, logProbs.at(-1)!);
    onEvent?.(sample, event);
    if (id === end) return 'eos';
    if (stops.has(id)) return 'stop';
    return ids.length > minEvents && stopWhen?.(event) === true ? 'stop' : undefined;
  };
  return {
    sampler: {
      temperature: options.temperature,
      topK: options.topK,
      topP: options.topP,
      forbidden: options.forbid,
      early: Int32Array.from(early),
      minEvents,
      target: new Int32Array(0),
      seed: options.seed,
    },
    maxEvents,
    whenFull,
    ends,
  };
}

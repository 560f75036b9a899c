import type { CoverageReport } from '../coverage.ts';
import { CoverageCounter } from '../coverage.ts';
import { ClmbrError } from '../errors.ts';
import { bosId, clsId } from '../tokenizer/index.ts';
import type { Patient } from '../types.ts';
import type { HistoryInfo } from './generate-future.ts';
import type { CheckedContinuationOptions } from './generate-options.ts';
import { rollingWindow } from './sample-limits.ts';
import type { Session } from './session.ts';
import { assertCoverage } from './session.ts';
import { readTimeline } from './timeline.ts';

export interface History {
  /** At least one. */
  ids: Int32Array;
  info: HistoryInfo;
  coverage: CoverageReport;
}

/**
 * How many tokens of history are used beside futures of so many events: what the events leave of the context. Where they leave nothing,
 * as many as rolling keeps, for no future of use begins with next to nothing.
 */
export function historyRoom(contextLength: number, events: number): number {
  return events < contextLength ? contextLength - events : rollingWindow(contextLength);
}

/**
 * The tokens that a patient's futures begin with: the last ones up to the label time that `room` allows.
 *
 * @throws ClmbrError INVALID_INPUT, NO_VOCABULARY, LOW_COVERAGE
 */
export async function readHistory(
  session: Session,
  patient: Patient,
  options: CheckedContinuationOptions,
  room: number,
): Promise<History> {
  const coverage = new CoverageCounter();
  const { rows } = await readTimeline(patient, 0, options.at === undefined ? undefined : [options.at], {
    tokenizer: session.tokenizer,
    vocabularySize: session.model.hyperparameters.vocabularySize,
    specialTokens: false,
    coverage,
    signal: options.signal,
    name: 'patient',
  });
  if (rows.length !== 1) {
    throw new ClmbrError(
      'INVALID_INPUT',
      `patient.at: expected one label time, found ${rows.length}; choose one with the option \`at\`.`,
    );
  }
  const report = coverage.report();
  assertCoverage(report, options.minCoverage);
  const { ids: events, dropped } = rows[0]!;
  const ids = options.specialTokens ? Int32Array.from([clsId, bosId, ...events]) : events;
  if (ids.length === 0) {
    throw new ClmbrError(
      'INVALID_INPUT',
      'patient: expected at least one event of the vocabulary up to the label time, found none; `specialTokens: true` begins with [CLS] [BOS].',
      { details: { dropped } },
    );
  }
  const tokens = Math.min(ids.length, room);
  const info = { tokens, truncated: tokens < ids.length, dropped };
  return { ids: ids.slice(ids.length - tokens), info, coverage: report };
}

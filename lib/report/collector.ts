import { CoverageCounter } from '../coverage.ts';
import { checkInstance, checkInteger, checkOptions, invalidArgument, isArray, optional, readable } from '../options.ts';
import type { Dataset, DataPatient, DataTokens } from '../data/dataset.ts';
import { CodeMapper } from '../mapping/index.ts';
import type { EventEncoder } from '../tokenizer/index.ts';
import { ClmbrTokenizer, dropReasonOf } from '../tokenizer/index.ts';
import { timesBeforeFirstEvent, tokensUntil } from './label-times.ts';
import { LengthHistogram } from './lengths.ts';
import { RangedCodes } from './ranged-codes.ts';
import type { DataReport } from './report.ts';
import { findSuspects, ValueCounter } from './units.ts';

export interface ReportOptions {
  /** Where kind, skipped rows and descriptions of codes come from. */
  dataset?: Pick<Dataset, 'kind' | 'skipped' | 'describe'> | undefined;
  /** Where the rules come from that gave the codes. */
  mapper?: CodeMapper | undefined;
  /** Tokens that fit the model; without it nothing is said of truncation unless rows tell. */
  contextLength?: number | undefined;
  /** How many codes `topUnmapped` lists. Default 50. */
  top?: number | undefined;
}

/**
 * Collects what a report says, in memory that is bounded by the vocabulary and the largest patient. It tokenizes each patient itself, which
 * takes a fraction of a microsecond for an event.
 */
export class ReportCollector {
  readonly #options: ReportOptions;
  readonly #coverage: CoverageCounter;
  readonly #encoder: EventEncoder;
  readonly #values: ValueCounter;
  readonly #lengths = new LengthHistogram();
  readonly #rows = { total: 0, empty: 0, truncated: 0, beforeFirstEvent: 0 };
  #patientsAsTokens = 0;
  #knowsTruncation: boolean;

  /** @throws ClmbrError `INVALID_ARGUMENT` */
  constructor(tokenizer: ClmbrTokenizer, given: ReportOptions = {}) {
    checkInstance(tokenizer, 'tokenizer', ClmbrTokenizer);
    const options = checkReportOptions(given);
    this.#options = options;
    this.#coverage = new CoverageCounter({ top: options.top ?? 50 });
    this.#encoder = tokenizer.encoder();
    this.#values = new ValueCounter(new RangedCodes(tokenizer.vocabulary));
    this.#knowsTruncation = options.contextLength !== undefined;
  }

  /**
   * Counts a patient, with codes as the mapper left them.
   *
   * @param times its label times, microseconds since 1970 UTC
   * @throws ClmbrError `INVALID_INPUT` that names event and key
   */
  addPatient(patient: DataPatient | DataTokens, times?: readonly bigint[]): void {
    this.#encoder.reset();
    if (typeof patient !== 'object' || patient === null) throw invalidArgument('patient', 'a patient', patient);
    readable('patient', () => this.#addPatient(patient, times));
  }

  #addPatient(patient: DataPatient | DataTokens, times?: readonly bigint[]): void {
    if (!('events' in patient)) {
      this.#coverage.addPatient(0);
      this.#patientsAsTokens++;
      this.#lengths.add(
        isArray(patient.ids) || ArrayBuffer.isView(patient.ids) ? patient.ids.length : noPatient(patient),
      );
      return;
    }
    const { events } = patient;
    if (!isArray(events)) noPatient(patient);
    this.#coverage.addPatient(events.length);
    for (let i = 0; i < events.length; i++) {
      const event = events[i]!;
      const outcome = this.#encoder.push(event, i);
      if (outcome >= 0) {
        this.#values.addToken(outcome, event.unit);
        continue;
      }
      const reason = dropReasonOf(outcome);
      this.#coverage.addDropped(event.code, reason);
      if (reason === 'value-outside-ranges') this.#values.addOutside(event.code, event.unit);
    }
    this.#lengths.add(this.#encoder.length);
    this.#rows.beforeFirstEvent += timesBeforeFirstEvent(events, times ?? patient.at ?? []);
  }

  /** Counts a row of the result. `tokens`: those that it rests on. */
  addRow({ tokens, truncated }: { tokens: number; truncated: boolean }): void {
    this.#knowsTruncation = true;
    this.#addRow(tokens, truncated);
  }

  /** Counts the rows that the patient added last would give, without a model: one for each label time, or one for all of it. */
  addExpectedRows(patient: DataPatient | DataTokens, times?: readonly bigint[]): void {
    const { contextLength = Infinity } = this.#options;
    let lengths = ['events' in patient ? this.#encoder.length : patient.ids.length];
    if ('events' in patient) {
      const at = times ?? patient.at;
      if (at !== undefined) lengths = tokensUntil(patient.events, this.#encoder.events(), at);
    }
    for (const length of lengths) this.#addRow(length, length > contextLength);
  }

  report(): DataReport {
    return readable('dataset', () => this.#report());
  }

  #report(): DataReport {
    const { dataset, mapper } = this.#options;
    const { patients, events, mapped, share, dropped, topUnmapped } = this.#coverage.report();
    const usage = mapper?.usage();
    const values = this.#values.report();
    const { truncated, ...rows } = this.#rows;
    return {
      version: 1,
      input: dataset?.kind ?? null,
      patients,
      patientsAsTokens: this.#patientsAsTokens,
      events,
      mapped,
      share,
      mapping: usage === undefined ? null : { ...usage.rules, unknown: usage.unknown, added: usage.added },
      dropped,
      skipped: { ...dataset?.skipped },
      topUnmapped: topUnmapped.map((unmapped) => ({
        ...unmapped,
        description: dataset?.describe?.(unmapped.code) ?? null,
      })),
      tokens: this.#lengths.sum,
      tokensPerPatient: this.#lengths.summary(),
      rows: { ...rows, truncated: this.#knowsTruncation ? truncated : null },
      unknownTargets: usage?.unknownTargets ?? 0,
      conversions: usage?.conversions ?? [],
      suspects: findSuspects(values),
      values,
    };
  }

  #addRow(tokens: number, truncated: boolean): void {
    this.#rows.total++;
    if (tokens === 0) this.#rows.empty++;
    if (truncated) this.#rows.truncated++;
  }
}

function checkReportOptions(given: ReportOptions): ReportOptions {
  const options = checkOptions<ReportOptions>(given, 'options', ['dataset', 'mapper', 'contextLength', 'top']);
  optional(options.dataset, undefined, (value) => checkOptionsObject(value));
  optional(options.mapper, undefined, (value) => checkInstance(value, 'mapper', CodeMapper));
  optional(options.contextLength, undefined, (value) => checkInteger(value, 'contextLength', 1, 2 ** 31 - 1));
  optional(options.top, 50, (value) => checkInteger(value, 'top', 0, 1_000_000));
  return options;
}

function checkOptionsObject(value: unknown): void {
  if (typeof value !== 'object' || value === null) throw invalidArgument('dataset', 'a data set', value);
}

function noPatient(found: unknown): never {
  throw invalidArgument('patient', 'a patient with events or ids', found);
}

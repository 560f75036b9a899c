/**
 * From rows to the windows that the model computes: which tokens fit the context, which rows share a pass, and where each result goes.
 * Pure.
 */
import { ClmbrError } from '../errors.ts';
import type { Window } from '../scheduler/index.ts';
import type { OverflowMode, PoolingMode } from './options.ts';
import type { Row, Timeline } from './timeline.ts';

/** What a result row rests on, for the caller. */
export interface RowInfo {
  patient: string | number | bigint;
  /** Label time in microseconds since 1970 UTC; null where none was given. */
  time: bigint | null;
  /** Tokens used, special ones included, after the context cut them; 0: nothing was known, and the vector is all zeros. */
  tokens: number;
  /** Whether tokens were left out because the timeline is longer than the context. */
  truncated: boolean;
  /** Events up to the label time that gave no token. */
  dropped: number;
  /** With pooling 'none' only: the token that this row belongs to, and the index of its event (-1: none). */
  token?: { id: number; event: number };
}

/** A row that is averaged from several windows: `parts` are rows of the auxiliary destination. */
export interface Average {
  row: number;
  parts: { row: number; tokens: number }[];
}

export interface WindowPlan {
  /** Of each patient, in input order: its id and how many rows it has. */
  patientIds: (string | number | bigint)[];
  rowsPerPatient: number[];
  rows: RowInfo[];
  windows: Window[];
  averages: Average[];
  /** Rows of the auxiliary destination. */
  auxiliaryRows: number;
  emptyRows: number;
}

/** Destinations of a request by number. */
export const resultDestination = 0;
export const auxiliaryDestination = 1;

/** Collects windows of many timelines into one plan. */
export class WindowPlanner {
  readonly plan: WindowPlan = {
    patientIds: [],
    rowsPerPatient: [],
    rows: [],
    windows: [],
    averages: [],
    auxiliaryRows: 0,
    emptyRows: 0,
  };
  readonly #contextLength: number;
  readonly #pooling: PoolingMode;
  readonly #overflow: OverflowMode;

  constructor(contextLength: number, pooling: PoolingMode, overflow: OverflowMode) {
    this.#contextLength = contextLength;
    this.#pooling = pooling;
    this.#overflow = overflow;
  }

  /** @throws ClmbrError CONTEXT_OVERFLOW */
  add(timeline: Timeline, index: number): void {
    const passes: Passes = new Map();
    const before = this.plan.rows.length;
    for (const row of timeline.rows) this.#addRow(timeline, row, index, passes);
    this.#flush(passes);
    this.plan.patientIds.push(timeline.id);
    this.plan.rowsPerPatient.push(this.plan.rows.length - before);
  }

  #addRow(timeline: Timeline, row: Row, index: number, passes: Passes): void {
    const { rows } = this.plan;
    const length = row.ids.length;
    const context = this.#contextLength;
    const over = length > context;
    if (over && this.#overflow === 'error') {
      throw new ClmbrError(
        'CONTEXT_OVERFLOW',
        `patients[${index}]: expected at most ${context} tokens, the context of the model, found ${length}; see the option \`overflow\`.`,
        { details: { patient: index, tokens: length, contextLength: context } },
      );
    }
    const averaged = over && this.#overflow === 'mean';
    const begin = over && this.#overflow === 'last' ? length - context : 0;
    const end = over && this.#overflow === 'first' ? context : length;
    const info = {
      patient: timeline.id,
      time: row.time,
      tokens: end - begin,
      truncated: over && !averaged,
      dropped: row.dropped,
    };
    if (length === 0) {
      this.plan.emptyRows++;
      if (this.#pooling !== 'none') rows.push(info);
      return;
    }
    if (averaged) {
      this.#addAverage(row, length);
      rows.push(info);
      return;
    }
    const pass = passOf(passes, row, begin, end);
    if (this.#pooling !== 'none') {
      pass.outputs.push({ begin: 0, end: end - begin, destination: resultDestination, row: rows.length });
      rows.push(info);
      return;
    }
    for (let token = begin; token < end; token++) {
      pass.outputs.push({
        begin: token - begin,
        end: token - begin + 1,
        destination: resultDestination,
        row: rows.length,
      });
      rows.push({ ...info, token: { id: row.ids[token]!, event: row.events[token]! } });
    }
  }

  /** Consecutive windows cut from the end: all are full but the first. */
  #addAverage(row: Row, length: number): void {
    const parts: Average['parts'] = [];
    for (let end = length; end > 0; end -= this.#contextLength) {
      const ids = row.ids.subarray(Math.max(0, end - this.#contextLength), end);
      const part = this.plan.auxiliaryRows++;
      parts.push({ row: part, tokens: ids.length });
      this.plan.windows.push({ ids, outputs: Int32Array.of(0, ids.length, auxiliaryDestination, part) });
    }
    this.plan.averages.push({ row: this.plan.rows.length, parts });
  }

  #flush(passes: Passes): void {
    for (const { ids, outputs } of passes.values()) {
      outputs.sort((a, b) => a.begin - b.begin || a.end - b.end);
      const last = outputs.reduce((end, output) => Math.max(end, output.end), 0);
      const flat = new Int32Array(4 * outputs.length);
      for (const [i, { begin, end, destination, row }] of outputs.entries())
        flat.set([begin, end, destination, row], 4 * i);
      this.plan.windows.push({ ids: ids.subarray(0, last), outputs: flat });
    }
  }
}

interface Output {
  begin: number;
  end: number;
  destination: number;
  row: number;
}

/** Passes of one patient by what they begin with. */
type Passes = Map<string, { ids: Int32Array; outputs: Output[] }>;

/**
 * The pass that computes tokens [begin, end) of a row. Rows that begin with the patient's first token share one, whose longest row
 * decides how far it goes; equal windows are computed once.
 */
function passOf(passes: Passes, row: Row, begin: number, end: number) {
  const key = !row.prefix ? `own ${passes.size}` : begin === 0 ? 'prefix' : `${begin} ${end}`;
  const ids = row.ids.subarray(begin, end);
  const pass = passes.get(key);
  if (pass === undefined) {
    const created = { ids, outputs: [] };
    passes.set(key, created);
    return created;
  }
  if (ids.length > pass.ids.length) pass.ids = ids;
  return pass;
}

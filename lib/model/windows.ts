/**
 * From rows to the windows that the model computes: which tokens fit the context, which rows share a pass, and where each result goes.
 * Pure.
 */
import { ClmbrError } from '../errors.ts';
import { DistinctWindows } from './distinct-windows.ts';
import type { OverflowMode, PoolingMode, SharingMode } from './options.ts';
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
    averages: [],
    auxiliaryRows: 0,
    emptyRows: 0,
  };
  readonly windows = new DistinctWindows();
  readonly #contextLength: number;
  readonly #pooling: PoolingMode;
  readonly #overflow: OverflowMode;
  readonly #sharing: SharingMode;

  constructor(contextLength: number, pooling: PoolingMode, overflow: OverflowMode, sharing: SharingMode = 'exact') {
    this.#contextLength = contextLength;
    this.#pooling = pooling;
    this.#overflow = overflow;
    this.#sharing = sharing;
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
    const begin = over && this.#overflow === 'last' ? this.#beginOf(row) : 0;
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

  /**
   * Where the window of a row beyond the context begins. It depends on the row alone, so that a vector is the same whichever other label
   * times were asked for.
   */
  #beginOf({ ids, time, prefix }: Row): number {
    const exact = ids.length - this.#contextLength;
    if (this.#sharing === 'exact' || time === null || !prefix) return exact;
    const stride = strideOf(this.#contextLength);
    return Math.ceil(exact / stride) * stride;
  }

  /** Consecutive windows cut from the end: all are full but the first. */
  #addAverage(row: Row, length: number): void {
    const parts: Average['parts'] = [];
    for (let end = length; end > 0; end -= this.#contextLength) {
      const ids = row.ids.subarray(Math.max(0, end - this.#contextLength), end);
      const part = this.plan.auxiliaryRows++;
      parts.push({ row: part, tokens: ids.length });
      this.windows.add({ ids, outputs: Int32Array.of(0, ids.length, auxiliaryDestination, part) });
    }
    this.plan.averages.push({ row: this.plan.rows.length, parts });
  }

  #flush(passes: Passes): void {
    for (const { ids, outputs } of passes.values()) {
      if (outputs.length > 1) outputs.sort((a, b) => a.begin - b.begin || a.end - b.end);
      const flat = new Int32Array(4 * outputs.length);
      let last = 0;
      let at = 0;
      for (const { begin, end, destination, row } of outputs) {
        flat[at++] = begin;
        flat[at++] = end;
        flat[at++] = destination;
        flat[at++] = row;
        last = Math.max(last, end);
      }
      this.windows.add({ ids: part(ids, 0, last), outputs: flat });
    }
  }
}

interface Output {
  begin: number;
  end: number;
  destination: number;
  row: number;
}

/** With sharing `strided`: windows begin at multiples of this. */
export function strideOf(contextLength: number): number {
  return Math.max(1, Math.floor(contextLength / 4));
}

/** Passes of one patient by where they begin; negative: the row's own. */
type Passes = Map<number, { ids: Int32Array; outputs: Output[] }>;

/** The pass that computes tokens [begin, end) of a row. Rows that begin with the same token share one: the longest decides how far it goes. */
function passOf(passes: Passes, row: Row, begin: number, end: number) {
  const key = row.prefix ? begin : -1 - passes.size;
  const ids = part(row.ids, begin, end);
  const pass = passes.get(key);
  if (pass === undefined) {
    const created = { ids, outputs: [] };
    passes.set(key, created);
    return created;
  }
  if (ids.length > pass.ids.length) pass.ids = ids;
  return pass;
}

/** Views of typed arrays are dear where there are many short patients. */
function part(ids: Int32Array, begin: number, end: number): Int32Array {
  return begin === 0 && end === ids.length ? ids : ids.subarray(begin, end);
}

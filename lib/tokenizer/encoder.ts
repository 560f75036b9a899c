import { ClmbrError } from '../errors.ts';
import { isArray } from '../options.ts';
import type { DropReason, Event } from '../types.ts';
import type { CodeIndex } from './code-index.ts';
import { dropReasonOf } from './drop-reasons.ts';
import { bosId, clsId, eosId, padId } from './special-tokens.ts';
import { typeName } from './type-name.ts';

/** An event that gave no token. */
export interface DroppedEvent {
  /** Index of the event in the input. */
  event: number;
  reason: DropReason;
}

/** The tokens of a patient. */
export interface Encoding {
  /** Token ids. */
  ids: Int32Array;
  /** For each id the index of its event in the input; -1 for special tokens. */
  events: Int32Array;
  /** The events without a token, in input order. */
  dropped: DroppedEvent[];
}

/** Told of every dropped event; `code` may be one that no vocabulary knows. */
export type DropListener = (code: string, reason: DropReason, event: number) => void;

/**
 * Turns events into token ids, one after the other, so that a long timeline can be encoded in slices. It collects the ids; what
 * stands for a patient without any is left to `finish` (or to the caller, who sees `length === 0`).
 */
export class EventEncoder {
  readonly #index: CodeIndex;
  readonly #onDrop: DropListener | undefined;
  readonly #ids: IntList;
  readonly #events: IntList;
  readonly #droppedEvents = new IntList(16);
  readonly #droppedOutcomes = new IntList(16);

  /** @internal Use `tokenizer.encoder()`. `capacity`: how many tokens to expect; more are fine. */
  constructor(index: CodeIndex, { capacity = 256, onDrop }: { capacity?: number; onDrop?: DropListener } = {}) {
    this.#index = index;
    this.#onDrop = onDrop;
    this.#ids = new IntList(capacity);
    this.#events = new IntList(capacity);
  }

  /** Tokens so far. */
  get length(): number {
    return this.#ids.length;
  }

  /** Dropped events so far. */
  get droppedCount(): number {
    return this.#droppedEvents.length;
  }

  /**
   * Encodes one event. `code` and `value` are read once each; nothing else of it is looked at.
   *
   * @param position what stands for the event in `Encoding.events` and in messages: its index in the input
   * @returns the token id, or a negative number if the event is dropped (see `dropReasonOf`)
   * @throws ClmbrError INVALID_INPUT that names the event and the key, never a value
   */
  push(event: Event, position: number): number {
    if (typeof position !== 'number') throw invalid('position', 'a number', position);
    if (typeof event !== 'object' || event === null || isArray(event)) {
      throw invalid(`events[${position}]`, 'an event object with a code', event);
    }
    let code: unknown;
    let value: unknown;
    try {
      ({ code, value } = event);
    } catch (cause) {
      throw new ClmbrError('INVALID_INPUT', `events[${position}]: reading its code and value failed.`, {
        cause,
        details: { event: position },
      });
    }
    if (typeof code !== 'string') throw invalid(`events[${position}].code`, 'a string', code);
    const outcome = this.#index.find(code, toValue(value, position));
    if (outcome >= 0) {
      this.#ids.push(outcome);
      this.#events.push(position);
    } else {
      this.#droppedEvents.push(position);
      this.#droppedOutcomes.push(outcome);
      this.#onDrop?.(code, dropReasonOf(outcome), position);
    }
    return outcome;
  }

  /** Encodes `events[from]` up to, not including, `events[to]`. */
  pushSlice(events: readonly Event[], from = 0, to = events.length): void {
    for (let i = from; i < to; i++) this.push(itemAt(events, i), i);
  }

  /** The ids so far: without special tokens, empty if there are none. A copy. */
  ids(): Int32Array {
    return this.#ids.toArray();
  }

  /** For each id the position of its event. A copy. */
  events(): Int32Array {
    return this.#events.toArray();
  }

  dropped(): DroppedEvent[] {
    return Array.from(this.#droppedEvents.toArray(), (event, i) => ({
      event,
      reason: dropReasonOf(this.#droppedOutcomes.at(i)),
    }));
  }

  /** The result as the reference's tokenizer gives it: a patient without a token is one `[PAD]`, or `[CLS] [BOS] [EOS]`. */
  finish({ specialTokens = false }: { specialTokens?: boolean } = {}): Encoding {
    const dropped = this.dropped();
    if (specialTokens) {
      return {
        ids: this.#ids.toArray([clsId, bosId], [eosId]),
        events: this.#events.toArray([-1, -1], [-1]),
        dropped,
      };
    }
    if (this.length === 0) return { ids: Int32Array.of(padId), events: Int32Array.of(-1), dropped };
    return { ids: this.ids(), events: this.events(), dropped };
  }

  /** Forgets everything, to be used for another patient. */
  reset(): void {
    for (const list of [this.#ids, this.#events, this.#droppedEvents, this.#droppedOutcomes]) list.length = 0;
  }
}

function itemAt(events: readonly Event[], i: number): Event {
  try {
    return events[i]!;
  } catch (cause) {
    throw new ClmbrError('INVALID_INPUT', `events[${i}]: reading it failed.`, { cause, details: { event: i } });
  }
}

function toValue(value: unknown, position: number): number | string | null {
  switch (typeof value) {
    case 'number':
    case 'string':
      return value;
    case 'undefined':
      return null;
    case 'boolean':
    case 'bigint':
      return Number(value);
    default:
      if (value === null) return null;
      throw invalid(`events[${position}].value`, 'a number, a string, a boolean or null', value);
  }
}

function invalid(where: string, expected: string, found: unknown): ClmbrError {
  return new ClmbrError('INVALID_INPUT', `${where}: expected ${expected}, found ${typeName(found)}.`, {
    details: { key: where, expected, found: typeName(found) },
  });
}

/** A growing list of 32-bit integers. */
class IntList {
  length = 0;
  #data: Int32Array;

  constructor(capacity: number) {
    this.#data = new Int32Array(Math.max(1, capacity));
  }

  push(value: number): void {
    if (this.length === this.#data.length) {
      const data = new Int32Array(2 * this.length);
      data.set(this.#data);
      this.#data = data;
    }
    this.#data[this.length++] = value;
  }

  at(index: number): number {
    return this.#data[index]!;
  }

  toArray(before: readonly number[] = [], after: readonly number[] = []): Int32Array {
    if (before.length + after.length === 0) return this.#data.slice(0, this.length);
    const result = new Int32Array(before.length + this.length + after.length);
    result.set(before);
    result.set(this.#data.subarray(0, this.length), before.length);
    result.set(after, before.length + this.length);
    return result;
  }
}

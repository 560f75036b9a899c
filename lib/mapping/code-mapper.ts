import type { CodeCandidate, DataEvent, DataPatient, DataTokens, MappingRule } from '../data/dataset.ts';
import {
  checkBoolean,
  checkFunction,
  checkInstance,
  checkOptions,
  invalidArgument,
  isArray,
  isInstance,
  optional,
  readable,
} from '../options.ts';
import { ClmbrTokenizer, Vocabulary } from '../tokenizer/index.ts';
import { CodeTable } from './code-table.ts';
import { KnownCodes } from './known-codes.ts';
import type { Resolution } from './resolve.ts';
import { resolve } from './resolve.ts';
import { UnitRules } from './unit-rules.ts';
import type { UnitConversion, UnitRule } from './unit-rules.ts';

/** All rules, in the order in which they are tried. */
export const mappingRules = [
  'table',
  'same',
  'separator',
  'parent',
  'standard',
  'coding',
  'maps-to',
  'letter-case',
] as const satisfies readonly MappingRule[];

export interface CodeMapperOptions {
  /** More codes to try for a code of the data: `dataset.candidates`. They come after those of the event. */
  candidates?: ((code: string) => readonly CodeCandidate[]) | undefined;
  /** The user's own translation, which goes before every other rule. */
  table?: CodeTable | undefined;
  /** Conversions of values. A rule may name the code of the data or that of the vocabulary; the former goes first. */
  units?: UnitRules | undefined;
  /** Do not try another letter case, as the evaluation of the published models does. Default false. */
  exactCase?: boolean | undefined;
}

/** What a mapper did so far. */
export interface MappingUsage {
  /** Events of the data by the rule that gave their code. */
  rules: Record<MappingRule, number>;
  /** Events whose code is unknown under every rule; they stay as they are. */
  unknown: number;
  /** Events that were added because a code of the table has several targets. */
  added: number;
  /** Targets of the table that the vocabulary does not have. */
  unknownTargets: number;
  /** Each conversion of units that was asked for, with the events that it changed. */
  conversions: UnitConversion[];
}

/** What is known of a code together with a list of candidates. */
interface Entry {
  candidates: readonly CodeCandidate[] | undefined;
  /** Entries of the same code with other candidates. */
  others: WeakMap<readonly CodeCandidate[], Entry> | undefined;
  /** Index into `mappingRules`, `unknownRule` for none. */
  rule: number;
  /** Undefined where the event stays as it is. */
  targets: readonly Target[] | undefined;
}

interface Target {
  code: string;
  conversions: ReadonlyMap<string, UnitConversion> | undefined;
}

const unknownRule = mappingRules.length;
const noCandidates: readonly CodeCandidate[] = [];

/** Garbage in a code column must not fill the memory: beyond this many distinct codes all are worked out again. */
const maxEntries = 1_000_000;

/**
 * Replaces the codes of events by codes of a vocabulary. Candidates are tried in this order, and the first that the vocabulary has wins: the
 * user's table; the code itself; `A//B[//...]` as `A/B`; the candidates of the event, then those of the data set; each of these in another
 * letter case. The answer for a code is kept. A code that is unknown under every rule stays, so that the tokenizer drops and counts it.
 */
export class CodeMapper {
  readonly #known: KnownCodes;
  readonly #options: CodeMapperOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #counts = new Float64Array(mappingRules.length + 1);
  readonly #conversions = new Map<UnitRule, UnitConversion>();
  readonly #unknownTargets: number;
  #added = 0;

  /** @throws ClmbrError `INVALID_ARGUMENT` */
  constructor(vocabulary: ClmbrTokenizer | Vocabulary, given: CodeMapperOptions = {}) {
    const options = checkMapperOptions(given);
    const isTokenizer = isInstance(vocabulary, ClmbrTokenizer);
    this.#known = new KnownCodes(
      isTokenizer ? vocabulary.vocabulary : checkInstance(vocabulary, 'vocabulary', Vocabulary),
    );
    this.#options = options;
    for (const rule of options.units?.all ?? []) this.#conversions.set(rule, { ...rule, events: 0 });
    this.#unknownTargets = [...(options.table?.targets ?? [])].filter((code) => !this.#known.has(code)).length;
  }

  /** The patient with codes of the vocabulary; the same object where nothing changes. */
  mapPatient(patient: DataPatient): DataPatient;
  mapPatient(patient: DataPatient | DataTokens): DataPatient | DataTokens;
  mapPatient(patient: DataPatient | DataTokens): DataPatient | DataTokens {
    if (typeof patient !== 'object' || patient === null) throw invalidArgument('patient', 'a patient', patient);
    if (!readable('patient', () => 'events' in patient)) return patient;
    const known = patient as DataPatient;
    const events = this.map(readable('patient.events', () => known.events));
    return events === known.events ? known : { ...known, events };
  }

  /** The events with codes of the vocabulary, in their order; the same array where nothing changes. Events are never changed in place. */
  map(events: readonly DataEvent[]): readonly DataEvent[] {
    if (!isArray(events)) throw invalidArgument('events', 'an array of events', events);
    return readable('events', () => this.#map(events));
  }

  #map(events: readonly DataEvent[]): readonly DataEvent[] {
    let result: DataEvent[] | undefined;
    for (let i = 0; i < events.length; i++) {
      const event = events[i]!;
      // What is no event is the tokenizer's to refuse.
      if (typeof event !== 'object' || event === null) {
        result?.push(event);
        continue;
      }
      const entry = this.#entryOf(event);
      this.#counts[entry.rule]!++;
      if (entry.targets === undefined) {
        result?.push(event);
        continue;
      }
      if (entry.targets.length === 1) {
        const mapped = convert(event, entry.targets[0]!);
        if (mapped !== event) result ??= events.slice(0, i);
        result?.push(mapped);
        continue;
      }
      result ??= events.slice(0, i);
      for (const target of entry.targets) result.push(convert(event, target));
      this.#added += entry.targets.length - 1;
    }
    return result ?? events;
  }

  usage(): MappingUsage {
    return {
      rules: Object.fromEntries(mappingRules.map((rule, i) => [rule, this.#counts[i]!])) as Record<MappingRule, number>,
      unknown: this.#counts[unknownRule]!,
      added: this.#added,
      unknownTargets: this.#unknownTargets,
      conversions: [...this.#conversions.values()].map((conversion) => ({ ...conversion })),
    };
  }

  #entryOf({ code, candidates }: DataEvent): Entry {
    const first = this.#entries.get(code);
    if (first !== undefined && first.candidates === candidates) return first;
    if (first === undefined) {
      if (this.#entries.size >= maxEntries) this.#entries.clear();
      const entry = this.#workOut(code, candidates);
      this.#entries.set(code, entry);
      return entry;
    }
    const key = candidates ?? noCandidates;
    const other = first.others?.get(key);
    if (other !== undefined) return other;
    const entry = this.#workOut(code, candidates);
    (first.others ??= new WeakMap()).set(key, entry);
    return entry;
  }

  #workOut(code: string, candidates: readonly CodeCandidate[] | undefined): Entry {
    const entry: Entry = { candidates, others: undefined, rule: unknownRule, targets: undefined };
    // What is no text is the tokenizer's to refuse.
    if (typeof code !== 'string') return entry;
    const { table, candidates: ofDataset, exactCase = false } = this.#options;
    const more: unknown = ofDataset?.(code) ?? [];
    if (!isArray(more)) throw invalidArgument('candidates', 'a function that gives an array', more);
    const all = [...(candidates ?? []), ...(more as readonly CodeCandidate[])];
    const found: Resolution | undefined = resolve(code, all, { known: this.#known, table, exactCase });
    if (found !== undefined) entry.rule = mappingRules.indexOf(found.rule);
    const targets = (found?.codes ?? [code]).map((target) => ({
      code: target,
      conversions: this.#conversionsOf(code, target),
    }));
    const isUnchanged = targets.length === 1 && targets[0]!.code === code && targets[0]!.conversions === undefined;
    if (!isUnchanged) entry.targets = targets;
    return entry;
  }

  #conversionsOf(code: string, target: string): ReadonlyMap<string, UnitConversion> | undefined {
    const rules = [...(this.#options.units?.of(target) ?? []), ...(this.#options.units?.of(code) ?? [])];
    if (rules.length === 0) return undefined;
    return new Map(rules.map(([unit, rule]) => [unit, this.#conversions.get(rule)!]));
  }
}

function convert(event: DataEvent, { code, conversions }: Target): DataEvent {
  const conversion = typeof event.value === 'number' ? conversions?.get(event.unit ?? '') : undefined;
  if (conversion === undefined) return event.code === code ? event : { ...event, code };
  conversion.events++;
  // The unit that it has now is known to the author of the rule alone.
  const value = Math.fround((event.value as number) * conversion.factor + conversion.offset);
  return { ...event, code, value, unit: null };
}

function checkMapperOptions(given: CodeMapperOptions): CodeMapperOptions {
  const options = checkOptions<CodeMapperOptions>(given, 'options', ['candidates', 'table', 'units', 'exactCase']);
  optional(options.candidates, undefined, (value) => checkFunction(value, 'candidates'));
  optional(options.table, undefined, (value) => checkInstance(value, 'table', CodeTable));
  optional(options.units, undefined, (value) => checkInstance(value, 'units', UnitRules));
  optional(options.exactCase, false, (value) => checkBoolean(value, 'exactCase'));
  return options;
}

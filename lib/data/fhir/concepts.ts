import type { CodeCandidate } from '../dataset.ts';
import type { Json } from './json.ts';
import { asObjects, asText } from './json.ts';
import { normalCode, vocabularyOf } from './systems.ts';

const maxDescriptions = 200_000;
const maxCandidates = 1_000_000;

/** A code and what else the data calls the same thing. Equal ones share their candidates. */
export interface Concept {
  code: string;
  candidates: readonly CodeCandidate[] | undefined;
}

/** Turns coded concepts into codes, and remembers what they are called. */
export class Concepts {
  readonly #descriptions = new Map<string, string>();
  readonly #candidates = new Map<string, readonly CodeCandidate[]>();

  /**
   * `VOCABULARY/code` of every coding whose system is known, in their order. Where none is, `system|code` of each, so that the report names them
   * and a table of the user can translate them. Empty where there is no code at all.
   */
  codesOf(concept: Json | undefined): string[] {
    const known: string[] = [];
    const unknown: string[] = [];
    for (const coding of asObjects(concept?.coding)) {
      const raw = asText(coding.code)?.trim();
      if (raw === undefined || raw === '') continue;
      const system = asText(coding.system) ?? '';
      const vocabulary = vocabularyOf(system);
      const code = vocabulary === undefined ? `${system}|${raw}` : `${vocabulary}/${normalCode(vocabulary, raw)}`;
      const list = vocabulary === undefined ? unknown : known;
      if (!list.includes(code)) list.push(code);
      this.#describe(code, asText(coding.display));
    }
    return known.length > 0 ? known : unknown;
  }

  /** The first code, with the others as candidates. */
  conceptOf(codes: readonly string[]): Concept {
    const [code, ...others] = codes as [string, ...string[]];
    if (others.length === 0) return { code, candidates: undefined };
    const key = others.join('\n');
    let candidates = this.#candidates.get(key);
    if (candidates === undefined) {
      candidates = others.map((other) => ({ code: other, rule: 'coding' as const }));
      if (this.#candidates.size >= maxCandidates) this.#candidates.clear();
      this.#candidates.set(key, candidates);
    }
    return { code, candidates };
  }

  description(code: string): string | undefined {
    return this.#descriptions.get(code);
  }

  #describe(code: string, display: string | undefined): void {
    if (display === undefined || this.#descriptions.has(code) || this.#descriptions.size >= maxDescriptions) return;
    this.#descriptions.set(code, display.slice(0, 256));
  }
}

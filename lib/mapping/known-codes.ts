import type { Vocabulary } from '../tokenizer/index.ts';

/** The codes of a vocabulary, also in other letter cases. */
export class KnownCodes {
  readonly #codes: readonly string[];
  readonly #known: ReadonlySet<string>;
  #otherCase: { byPrefix: Map<string, string | null>; byWhole: Map<string, string | null> } | undefined;

  constructor(vocabulary: Vocabulary) {
    this.#codes = vocabulary.columns.codes.all();
    this.#known = new Set(this.#codes);
  }

  has(code: string): boolean {
    return this.#known.has(code);
  }

  /**
   * The vocabulary's code that is the same but for its letter case: the one that differs before the first slash alone (`loinc/4548-4`), else one
   * that differs anywhere (`ETHNICITY/HISPANIC`). Where several would fit none does, for codes of some vocabularies differ in case alone.
   */
  inOtherCase(code: string): string | undefined {
    this.#otherCase ??= this.#index();
    const { byPrefix, byWhole } = this.#otherCase;
    return byPrefix.get(foldPrefix(code)) ?? byWhole.get(code.toLowerCase()) ?? undefined;
  }

  #index() {
    const byPrefix = new Map<string, string | null>();
    const byWhole = new Map<string, string | null>();
    for (const code of this.#codes) {
      const prefix = foldPrefix(code);
      byPrefix.set(prefix, byPrefix.has(prefix) ? null : code);
      const whole = code.toLowerCase();
      byWhole.set(whole, byWhole.has(whole) ? null : code);
    }
    return { byPrefix, byWhole };
  }
}

function foldPrefix(code: string): string {
  const slash = code.indexOf('/');
  return slash < 0 ? code : code.slice(0, slash).toLowerCase() + code.slice(slash);
}

import { HeapBudget } from '../../heap.ts';
import { ParquetFile } from '../parquet/index.ts';
import type { CodeCandidate } from '../dataset.ts';

const none: readonly CodeCandidate[] = Object.freeze([]);

/** What `metadata/codes.parquet` says of codes. */
export class CodeTable {
  readonly #parents = new Map<string, readonly CodeCandidate[]>();
  readonly #descriptions = new Map<string, string>();

  /** @throws ClmbrError `INVALID_INPUT`, `FILE_UNREADABLE` */
  static async read(path: string): Promise<CodeTable> {
    const table = new CodeTable();
    const file = await ParquetFile.open(path);
    const budget = new HeapBudget(path, 'codes');
    try {
      const codes = await file.textLists('code', budget);
      const names = file.columnNames;
      const parents = names.includes('parent_codes') ? await file.textLists('parent_codes', budget) : [];
      const descriptions = file.canRead('description', 'text') ? await file.textLists('description', budget) : [];
      for (const [row, [code]] of codes.entries()) {
        if (code !== undefined) table.#add(code, parents[row] ?? [], descriptions[row]?.[0]);
      }
    } finally {
      await file.close();
    }
    return table;
  }

  /** Of a code that stands there twice, the later row counts. */
  #add(code: string, parents: readonly string[], description: string | undefined): void {
    const distinct = [...new Set(parents)].filter((parent) => parent !== '' && parent !== code);
    const candidates = distinct.map((parent) => Object.freeze({ code: parent, rule: 'parent' as const }));
    this.#parents.set(code, candidates.length === 0 ? none : Object.freeze(candidates));
    if (description !== undefined && description !== '') this.#descriptions.set(code, description);
  }

  /** The parents of a code in their order; the same array each time. */
  candidates(code: string): readonly CodeCandidate[] {
    return this.#parents.get(code) ?? none;
  }

  describe(code: string): string | undefined {
    return this.#descriptions.get(code);
  }
}

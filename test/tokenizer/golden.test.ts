import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parsePythonJson } from '../../lib/json.ts';
import { ClmbrTokenizer } from '../../lib/tokenizer/tokenizer.ts';
import { vocabularyFromTables, vocabularyToTables } from '../../lib/tokenizer/vocabulary.ts';
import type { Event } from '../../lib/types.ts';
import { golden, hasGolden } from '../support/golden.ts';

interface GoldenPatient {
  events: Event[];
  event_ids: (number | null)[];
  ids: number[];
  ids_special: number[];
}

describe.runIf(hasGolden)('the reference tokenizer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'clmbr-tokenizer-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const read = (name: string): string => gunzipSync(readFileSync(join(golden, 'tokenizer', name))).toString();
  let patients: GoldenPatient[];
  let tokens: Record<string, string>;
  const tokenizers: Record<string, ClmbrTokenizer> = {};

  beforeAll(async () => {
    const path = join(folder, 'tokenizer_config.json');
    writeFileSync(path, read('tokenizer_config.json.gz'));
    tokenizers['tokenizer_config.json'] = await ClmbrTokenizer.load(path);
    const tables = vocabularyToTables(tokenizers['tokenizer_config.json'].vocabulary);
    tokenizers['its tables'] = new ClmbrTokenizer(vocabularyFromTables(tables, 'tables'));
    patients = read('patients.jsonl.gz')
      .trimEnd()
      .split('\n')
      .map((line) => parsePythonJson(line) as GoldenPatient);
    tokens = JSON.parse(readFileSync(join(golden, 'tokenizer', 'tokens.json'), 'utf8')) as Record<string, string>;
  });

  describe.each(['tokenizer_config.json', 'its tables'])('from %s', (source) => {
    it('gives the same ids with and without special tokens', () => {
      const tokenizer = tokenizers[source]!;
      expect(tokenizer.size).toBe(39_818);
      expect(patients.length).toBeGreaterThan(100);
      for (const { events, ids, ids_special } of patients) {
        expect([...tokenizer.encode(events).ids]).toEqual(ids);
        expect([...tokenizer.encode({ events }, { specialTokens: true }).ids]).toEqual(ids_special);
      }
    });

    it('gives each event the same id, or drops the same events', () => {
      const tokenizer = tokenizers[source]!;
      for (const { events, event_ids } of patients) {
        const encoding = tokenizer.encode(events);
        const byEvent = new Array<number | null>(events.length).fill(null);
        encoding.events.forEach((event, i) => {
          if (event >= 0) byEvent[event] = encoding.ids[i]!;
        });
        expect(byEvent).toEqual(event_ids);
        expect(encoding.dropped.map(({ event }) => event)).toEqual(
          event_ids.flatMap((id, event) => (id === null ? [event] : [])),
        );
      }
    });

    it('spells tokens as Python prints them', () => {
      const tokenizer = tokenizers[source]!;
      const ids = Object.keys(tokens).map(Number);
      expect(ids.length).toBeGreaterThan(1000);
      const decoded = tokenizer.decode(ids);
      expect(Object.fromEntries(decoded.map(({ id, token }) => [id, token]))).toEqual(tokens);
    });
  });
});

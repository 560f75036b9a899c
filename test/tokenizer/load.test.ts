import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { vocabularyMetadata } from '../../lib/gguf/vocabulary.ts';
import { encodeGgufHeader } from '../../lib/gguf/writer.ts';
import { ClmbrTokenizer } from '../../lib/tokenizer/tokenizer.ts';
import { parseTokenizerConfig, vocabularyToTables } from '../../lib/tokenizer/vocabulary.ts';
import { category, config, plain, range } from './reference.ts';

const folder = mkdtempSync(join(tmpdir(), 'clmbr-load-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const tokens = [
  plain('é/1', 'Été'),
  range('B/2', -Number.MAX_VALUE, 1),
  range('B/2', 1, Number.MAX_VALUE),
  category('C', ''),
];
const json = config(tokens);

describe('ClmbrTokenizer.load', () => {
  it('reads a tokenizer_config.json, Infinity and a byte order mark included', async () => {
    const text = JSON.stringify(json).replace('-1.7976931348623157e+308', '-Infinity');
    const tokenizer = await ClmbrTokenizer.load(file('tokenizer_config.json', `\ufeff${text}`));
    expect(tokenizer.decode([7, 8]).map(({ token }) => token)).toEqual(['é/1', 'B/2 || None || -inf - 1.0']);
  });

  it('reads the vocabulary of a GGUF, whatever the file is called', async () => {
    const vocabulary = parseTokenizerConfig(json, 'test');
    const path = file('model.bin', encodeGgufHeader(vocabularyMetadata(vocabularyToTables(vocabulary)), []));
    const tokenizer = await ClmbrTokenizer.load(path);
    expect(tokenizer.size).toBe(11);
    for (let id = 0; id < 11; id++) expect(tokenizer.vocabulary.entry(id)).toEqual(vocabulary.entry(id));
    expect(tokenizer.vocabulary.source).toBe(path);
  });

  it.each<[string, string | Uint8Array, string, RegExp]>([
    [
      'a Git LFS pointer',
      'version https://git-lfs.github.com/spec/v1\noid sha256:0\n',
      'NOT_A_MODEL',
      /Git LFS pointer/,
    ],
    ['a web page', '<!DOCTYPE html><html>', 'NOT_A_MODEL', /HTML page/],
    ['an empty file', '', 'NOT_A_MODEL', /empty file/],
    ['a pickle', Uint8Array.of(0x80, 2, 0x7d, 0x71), 'NOT_A_MODEL', /pickle/],
    ['some text', 'hello', 'NOT_A_MODEL', /expected a tokenizer_config.json or a GGUF file/],
    ['a cut JSON file', '{"tokens": [{"code": "A', 'INVALID_VOCABULARY', /JSON ends too early, at position 23/],
    ['JSON that is not UTF-8', Buffer.from('{"tokens": "\xe9"}', 'latin1'), 'INVALID_VOCABULARY', /not UTF-8/],
    ['the JSON of another tokenizer', '{"model_max_length": 5}', 'INVALID_VOCABULARY', /tokens: expected a list/],
    ['a cut GGUF', 'GGUF\x03\0\0\0', 'INVALID_GGUF', /./],
    ['a GGUF without vocabulary', encodeGgufHeader([], []), 'NO_VOCABULARY', /carries no CLMBR vocabulary/],
  ])('refuses %s', async (_, content, code, message) => {
    const path = file('tokenizer_config.json', content);
    const error: unknown = await ClmbrTokenizer.load(path).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ name: 'ClmbrError', code });
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toContain(path);
  });

  it('refuses a damaged vocabulary in a GGUF', async () => {
    const tables = {
      ...vocabularyToTables(parseTokenizerConfig(json, 'test')),
      'entry.kind': Uint8Array.of(1, 2, 2, 1),
    };
    const path = file('damaged.gguf', encodeGgufHeader(vocabularyMetadata(tables), []));
    await expect(ClmbrTokenizer.load(path)).rejects.toMatchObject({ code: 'INVALID_VOCABULARY' });
  });

  it('refuses a missing file and a folder', async () => {
    await expect(ClmbrTokenizer.load(join(folder, 'none'))).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    await expect(ClmbrTokenizer.load(folder)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });
});

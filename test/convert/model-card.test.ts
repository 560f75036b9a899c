import { describe, expect, it } from 'vitest';
import type { Checkpoint } from '../../lib/convert/checkpoint.ts';
import { parseModelCard, readProvenance } from '../../lib/convert/model-card.ts';
import { parseTokenizerConfig } from '../../lib/tokenizer/vocabulary.ts';
import { tokenizerConfig } from '../support/checkpoint.ts';

describe('a model card', () => {
  it('states licence, name and the one model that it loads', () => {
    const card =
      '---\r\nlicense: "mit"\r\n---\r\n# Name of it\r\n x("A/b") y.from_pretrained(\'A/b\') z.from_pretrained("A/b", q=1)\r\n';
    expect(parseModelCard(card)).toEqual({ name: 'Name of it', license: 'mit', source: 'https://huggingface.co/A/b' });
  });

  it.each([
    ['nothing', '', {}],
    ['two models', 'x.from_pretrained("A/b") x.from_pretrained("C/d")', {}],
    ['a licence outside its head', '# n\n\nlicense: mit\n', { name: 'n' }],
    ['a licence that is a sentence', '---\nlicense: see the other file\n---\n', {}],
    ['a list of other things', '---\ntags:\n- license: mit\nlicense_name: mit\n---\n', {}],
  ])('with %s states no more than that', (_, card, stated) => {
    expect(parseModelCard(card)).toEqual(stated);
  });
});

describe('a folder without a card', () => {
  const folder = (path: string): Checkpoint => ({
    folder: path,
    configPath: '',
    config: {},
    files: [],
    tensors: new Map(),
    entries: new Set(),
    close: () => Promise.resolve(),
  });

  it('in the Hugging Face cache is known by its place', async () => {
    const path = '/home/user/.cache/huggingface/hub/models--Owner--some-model/snapshots/0123abcd';
    expect(await readProvenance(folder(path), null)).toEqual({
      name: 'some-model',
      source: 'https://huggingface.co/Owner/some-model',
    });
    expect(await readProvenance(folder('/data/model'), null)).toEqual({});
  });

  it('with the vocabulary of the released models is under their licence', async () => {
    const config = tokenizerConfig(39_818);
    const plain = (code: string) => ({ code, type: 'code', description: null, tokenization: {}, stats: [] });
    const other = parseTokenizerConfig(config, 'tokenizer_config.json');
    expect(await readProvenance(folder('/data/model'), other)).toEqual({});
    const tokens = config['tokens'] as unknown[];
    const published = [
      [7, 'SNOMED/3950001'],
      [9, 'Gender/F'],
      [27, 'Ethnicity/Hispanic'],
      [2049, 'SNOMED/609040007'],
    ] as const;
    for (const [id, code] of published) tokens[id - 7] = plain(code);
    const released = parseTokenizerConfig(config, 'tokenizer_config.json');
    expect(await readProvenance(folder('/data/model'), released)).toMatchObject({ license: 'cc-by-nc-4.0' });
  });
});

import { ClmbrTokenizer } from '../../../../lib/tokenizer/tokenizer.ts';
import { parseTokenizerConfig } from '../../../../lib/tokenizer/vocabulary.ts';
import { parsePythonJson } from '../../../../lib/json.ts';
import { tokenizerConfig as plainConfig } from '../../../support/checkpoint.ts';
import type { ConfigEntry } from '../../../tokenizer/reference.ts';
import { category, config, naiveEncode, plain, range, textOf } from '../../../tokenizer/reference.ts';
import { demand, refusal } from '../judge.ts';
import { mutateNode, oddTexts, toNode, write } from '../mutate-json.ts';
import type { Random } from '../random.ts';
import type { Target } from '../target.ts';
import { checkVocabulary } from './gguf.ts';

/** Kinds that meet in one code, twins by text, and edges without end. */
const mixed = config([
  plain('A/1', 'An "A"'),
  range('A/1', -Number.MAX_VALUE, 4),
  range('A/1', 4, Infinity, null),
  category('A/1', 'x', 'a,b'),
  category('A/1', 'x,a', 'b'),
  plain('__proto__'),
  category('__proto__', '__proto__'),
  plain('B/2'),
  plain('B/2', 'again'),
  range('C/3', -0, 0.1, 'mg/dL'),
  range('C/3', 1e-5, 1e16, ''),
]);

function randomValue(random: Random, tokens: readonly ConfigEntry[]): number | string | boolean | null {
  const { range_start: start, range_end: end, categories } = random.pick(tokens).tokenization;
  return random.pick([start ?? 0, end ?? NaN, (start ?? 1) + 0.5, categories?.[0] ?? 'x', '', null, true, ...oddTexts]);
}

/** Compares with the rules written down as plainly as possible. */
export function checkEncoding(random: Random, tokenizer: ClmbrTokenizer, tokens: readonly ConfigEntry[]): void {
  const events = Array.from({ length: 8 }, () => {
    return { code: random.chance(0.9) ? random.pick(tokens).code : 'NONE/0', value: randomValue(random, tokens) };
  });
  const { ids, events: positions, dropped } = tokenizer.encode({ events });
  const outcomes = new Map<number, number | string>(dropped.map(({ event, reason }) => [event, reason]));
  positions.forEach((event, i) => event >= 0 && outcomes.set(event, ids[i]!));
  for (const [i, { code, value }] of events.entries()) {
    const expected = naiveEncode(tokens, code, value);
    demand(outcomes.get(i) === expected, `event ${i} gave ${outcomes.get(i)}, expected ${expected}`);
  }
}

/** Vocabularies in JSON. */
export const tokenizerConfig: Target = async () => {
  const originals = [toNode(mixed), toNode(plainConfig(31))];
  return async (random, keep) => {
    const text = write(mutateNode(random, random.pick(originals)));
    keep('tokenizer_config.json', text);
    let json: unknown;
    try {
      json = parsePythonJson(text);
    } catch (error) {
      demand(error instanceof SyntaxError, `parsePythonJson threw ${String(error)}`);
      return 'SyntaxError';
    }
    let vocabulary;
    try {
      vocabulary = parseTokenizerConfig(json, 'tokenizer_config.json');
    } catch (error) {
      return refusal(error, ['INVALID_VOCABULARY']);
    }
    checkVocabulary(vocabulary);
    // A bare code needs no settings, so it may lack them.
    const tokens = (json as { tokens: ConfigEntry[] }).tokens.map((entry) =>
      entry.type === 'code' ? { ...entry, tokenization: {} } : entry,
    );
    demand(vocabulary.size === 7 + tokens.length, `${vocabulary.size} tokens for ${tokens.length} entries`);
    tokens.forEach((entry, i) => demand(vocabulary.token(7 + i) === textOf(entry), `token ${7 + i} has another text`));
    checkEncoding(random, new ClmbrTokenizer(vocabulary), tokens);
    return 'accepted';
  };
};

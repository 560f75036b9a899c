import { Readable } from 'node:stream';
import { readPatientsJsonl } from '../../../../lib/data/jsonl.ts';
import { ClmbrTokenizer } from '../../../../lib/tokenizer/tokenizer.ts';
import { parseTokenizerConfig } from '../../../../lib/tokenizer/vocabulary.ts';
import type { Event, PatientRecord, TokenRecord } from '../../../../lib/types.ts';
import { tokenizerConfig } from '../../../support/checkpoint.ts';
import type { ConfigEntry } from '../../../tokenizer/reference.ts';
import { naiveEncode } from '../../../tokenizer/reference.ts';
import { demand, refusal } from '../judge.ts';
import { mutateBytes } from '../mutate-bytes.ts';
import type { Node } from '../mutate-json.ts';
import { mutateNode, toNode, write } from '../mutate-json.ts';
import type { Random } from '../random.ts';
import type { Target } from '../target.ts';

/** Values of patients that no error may show. None is a plain word, which may be a misspelt key. */
const secrets = ['zorblax-9', '735198462', '2031-07-19', '4711.2008'];

/** In an npz file every row takes the room of the longest. */
const longestId = 1024;

const patients = [
  { id: 'Jane zorblax-9', events: [{ code: 'TEST/1', value: 735198462.25, start: '2031-07-19T13:37:00Z' }] },
  {
    id: 735198462,
    events: [
      { code: 'TEST/0', value: null, unit: null, start: 735198462000, end: '2031-07-19', omopTable: 'zorblax-9' },
      { code: 'TEST/2', value: 'value 8', start: '2031-07-19 01:02:03.456789+02:00' },
      { code: 'TEST/1', value: 4.25, unit: 'zorblax-9' },
      { code: 'zorblax-9', value: true },
    ],
    at: ['2031-07-19', 735198462000001],
  },
  { id: 'zorblax-9', ids: [7, 8, 9, 735198462], events: null },
  { events: [], at: [] },
  {
    id: null,
    events: [
      { code: 'TEST/3', value: 4711.2008 },
      { code: 'TEST/3', value: Infinity },
      { code: 'TEST/3', value: NaN },
    ],
  },
];

function randomLines(random: Random): Buffer {
  const lines: string[] = [];
  for (let i = random.between(1, 4); i > 0; i--) {
    const node: Node = toNode(random.pick(patients));
    lines.push(write(random.chance(0.6) ? mutateNode(random, node) : node));
    if (random.chance(0.1))
      lines.push(
        random.pick([
          '',
          ' ',
          '\r',
          '9007199254740993',
          '{"id": 9007199254740993, "ids": []}',
          `{"id": ${'9'.repeat(5000)}, "ids": []}`,
        ]),
      );
  }
  const bytes = Buffer.from((random.chance(0.1) ? '\ufeff' : '') + lines.join(random.pick(['\n', '\n', '\r\n'])));
  return random.chance(0.2) ? mutateBytes(random, bytes) : bytes;
}

/** In pieces as pipes give them, cut anywhere. */
function* cut(random: Random, bytes: Buffer): Generator<Buffer> {
  const step = random.pick([1, 7, 64, 1 << 16]);
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

/** Every record that JSON.parse can read too holds what it reads, apart from times and ids that become exact. */
function checkRecords(records: readonly (PatientRecord | TokenRecord)[], text: string): void {
  const lines = text
    .replace(/^\ufeff/, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
  demand(lines.length === records.length, `${records.length} records from ${lines.length} lines`);
  for (const [i, record] of records.entries()) {
    demand(
      String(record.id ?? '').length <= longestId,
      `record ${i} has an id of ${String(record.id).length} characters`,
    );
    let plain: Record<string, unknown>;
    try {
      plain = JSON.parse(lines[i]!) as Record<string, unknown>;
    } catch {
      continue;
    }
    if ('ids' in record) {
      demand(String([...record.ids]) === String(plain['ids']), `record ${i} has other token ids`);
      continue;
    }
    const expected = plain['events'] as Event[];
    demand(record.events.length === expected.length, `record ${i} has ${record.events.length} events`);
    for (const [j, { code, value }] of record.events.entries()) {
      demand(code === expected[j]!.code && Object.is(value, expected[j]!.value), `record ${i} has another event ${j}`);
    }
    const times = record.events.filter(({ start }) => typeof start === 'bigint').length;
    demand(times === expected.filter(({ start }) => (start ?? null) !== null).length, `record ${i} lost a time`);
  }
}

function checkEncoding(tokenizer: ClmbrTokenizer, tokens: readonly ConfigEntry[], events: readonly Event[]): void {
  const { ids, events: positions, dropped } = tokenizer.encode(events);
  const outcomes = new Map<number, number | string>(dropped.map(({ event, reason }) => [event, reason]));
  positions.forEach((event, i) => event >= 0 && outcomes.set(event, ids[i]!));
  for (const [i, { code, value }] of events.entries()) {
    const expected = naiveEncode(tokens, code, value);
    demand(outcomes.get(i) === expected, `event ${i} gave ${outcomes.get(i)}, expected ${expected}`);
  }
}

/** Patients in JSON Lines, and then through the tokenizer. */
export const jsonl: Target = async () => {
  const config = tokenizerConfig(31);
  const tokens = config['tokens'] as ConfigEntry[];
  const tokenizer = new ClmbrTokenizer(parseTokenizerConfig(config, 'vocabulary'));
  return async (random, keep) => {
    const bytes = randomLines(random);
    keep('patients.jsonl', bytes);
    const records: (PatientRecord | TokenRecord)[] = [];
    try {
      const maxLineBytes = random.chance(0.1) ? random.between(1, 400) : undefined;
      const stream = Readable.from(cut(random, bytes), { objectMode: false });
      for await (const record of readPatientsJsonl(stream, { maxLineBytes })) records.push(record);
    } catch (error) {
      return refusal(error, ['INVALID_INPUT'], secrets);
    }
    checkRecords(records, bytes.toString('utf8'));
    for (const record of records) if ('events' in record) checkEncoding(tokenizer, tokens, record.events);
    return 'accepted';
  };
};

import type { Random } from './random.ts';

/** JSON as it is written, so that a mutation can say a key twice or write a number that no double holds. */
export type Node =
  | { kind: 'object'; members: [string, Node][] }
  | { kind: 'array'; items: Node[] }
  | { kind: 'raw'; text: string };

export const raw = (text: string): Node => ({ kind: 'raw', text });

export function toNode(value: unknown): Node {
  if (Array.isArray(value)) return { kind: 'array', items: value.map(toNode) };
  if (typeof value === 'object' && value !== null) {
    return { kind: 'object', members: Object.entries(value).map(([key, member]) => [key, toNode(member)]) };
  }
  return raw(typeof value === 'number' && !Number.isFinite(value) ? String(value) : JSON.stringify(value));
}

export function write(node: Node): string {
  if (node.kind === 'raw') return node.text;
  if (node.kind === 'array') return `[${node.items.map(write).join(',')}]`;
  return `{${node.members.map(([key, value]) => `${JSON.stringify(key)}:${write(value)}`).join(',')}}`;
}

/** Texts that have broken terminals, lookups, paths and encodings. */
export const oddTexts = [
  '',
  'two\nlines',
  'escape \u001b[31m and \u0085 and \u2028',
  '\u202eturned round',
  '__proto__',
  'constructor',
  'NaN',
  '../../outside.safetensors',
  'two\nlines.safetensors',
  'bell\u0007.safetensors',
  'none.safetensors',
  'model.layers.0.self_attn.q_proj.bias',
  'long '.repeat(14_000),
  'é🙂',
  '[PAD]',
];

const numbers = [
  ...[
    '0',
    '-0',
    '1',
    '-1',
    '2',
    '7',
    '8',
    '255',
    '256',
    '0.5',
    '-0.5',
    '1e-45',
    '1e-400',
    '3.5e38',
    '1.8e308',
    '1e400',
  ],
  ...['2147483647', '2147483648', '4294967296', '9007199254740991', '9007199254740993', '18446744073709551616'],
  ...['1e3', '16777217', '1048577', '65537'],
];
const words = ['null', 'true', 'false', 'NaN', 'Infinity', '-Infinity'];
const broken = ['', 'nul', '01', '1.', '.5', '"open', '"\u0001"', '"\\x"', '[', '}', '"\\ud800"', '"\\u0000"'];

/** A value that has nothing to do with what was there. */
export function oddValue(random: Random): string {
  const depth = random.pick([3, 33, 40, 20_000]);
  switch (random.below(9)) {
    case 0:
    case 1:
      return random.pick(words);
    case 2:
    case 3:
      return random.pick(numbers);
    case 4:
    case 5:
      return JSON.stringify(random.pick(oddTexts));
    case 6:
      return random.chance(0.5) ? '[]' : '{}';
    case 7:
      return random.chance(0.2) ? random.pick(broken) : '{"a":[1,{"b":null}]}';
    default:
      return random.chance(0.2) ? '['.repeat(depth) + ']'.repeat(depth) : '"1"';
  }
}

/** Something close to what was there. */
function near(random: Random, text: string): string {
  const value = Number(text);
  if (text !== '' && !Number.isNaN(value)) {
    const step = random.pick([1, -1, 2, 7, 8, 0.5, 2 ** 32]);
    return random.pick([
      String(value + step),
      String(-value),
      String(value * 2),
      String(value / 2),
      `${text}.0`,
      `"${text}"`,
    ]);
  }
  if (!text.startsWith('"')) return oddValue(random);
  const inner = text.slice(1, -1);
  return random.pick([
    `"${inner} "`,
    `"${inner.slice(1)}"`,
    `"${inner.toUpperCase()}"`,
    `"\\u0041${inner}"`,
    `["${inner}"]`,
  ]);
}

function containers(node: Node, found: Node[] = []): Node[] {
  if (node.kind === 'raw') return found;
  found.push(node);
  const children = node.kind === 'array' ? node.items : node.members.map(([, value]) => value);
  for (const child of children) containers(child, found);
  return found;
}

function changeValue(random: Random, node: Node): Node {
  if (random.chance(0.1)) return { kind: 'array', items: [node] };
  return raw(node.kind === 'raw' && random.chance(0.5) ? near(random, node.text) : oddValue(random));
}

/** Changes one thing in one object or list, in place. */
function mutateContainer(random: Random, node: Node, donor: Node): void {
  if (node.kind === 'raw') return;
  const list: unknown[] = node.kind === 'array' ? node.items : node.members;
  const at = random.below(list.length);
  const action = list.length === 0 ? 0 : random.below(8);
  if (action === 0) {
    const value = random.chance(0.5) ? structuredClone(donor) : raw(oddValue(random));
    list.splice(at, 0, node.kind === 'array' ? value : [random.pick(oddTexts), value]);
  } else if (action === 1) list.splice(at, 1);
  else if (action === 2) list.splice(random.below(list.length + 1), 0, structuredClone(list[at]));
  else if (action === 3) list.push(list.splice(at, 1)[0]);
  else if (node.kind === 'array') node.items[at] = changeValue(random, node.items[at]!);
  else {
    const member = node.members[at]!;
    if (action === 4) member[0] = random.chance(0.5) ? random.pick(oddTexts) : random.pick(node.members)[0];
    else member[1] = changeValue(random, member[1]);
  }
}

/** A mutated copy. */
export function mutateNode(random: Random, original: Node, times = random.between(1, 3)): Node {
  const node = structuredClone(original);
  for (let i = 0; i < times; i++) {
    const all = containers(node);
    if (all.length > 0) mutateContainer(random, random.pick(all), random.pick(all));
  }
  return node;
}

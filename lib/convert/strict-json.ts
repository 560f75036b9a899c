import { quoted } from '../files/quoted.ts';
import type { ClmbrErrorCode } from '../errors.ts';
import { ClmbrError } from '../errors.ts';

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Deep enough for anything that people write, and shallow enough that no text makes the parser take much more than its size. */
const maxDepth = 32;

const space = /[ \t\r\n]*/y;

/** Index just past the string that starts with the quote at `start`, or the length of the text when it does not end. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i + 1;
}

function exceedsDepth(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; ) {
    const character = text[i];
    if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    if (depth > maxDepth) return true;
    i = character === '"' ? endOfString(text, i) : i + 1;
  }
  return false;
}

/**
 * The first key that occurs twice in one object of a valid JSON text. `JSON.parse` keeps the last one silently, so two readers
 * of one file could see two different models.
 */
function findDuplicateKey(text: string): string | null {
  const open: (Set<string> | null)[] = [];
  for (let i = 0; i < text.length; ) {
    const character = text[i];
    if (character === '"') {
      const end = endOfString(text, i);
      space.lastIndex = end;
      const after = end + space.exec(text)![0].length;
      const keys = open.at(-1);
      if (keys && text[after] === ':') {
        const key = JSON.parse(text.slice(i, end)) as string;
        if (keys.has(key)) return key;
        keys.add(key);
      }
      i = end;
      continue;
    }
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(null);
    else if (character === '}' || character === ']') open.pop();
    i += 1;
  }
  return null;
}

/**
 * Parses an object in JSON (UTF-8) in which no key occurs twice and nothing nests more than 32 deep.
 *
 * @param what names the text in messages, usually the path
 * @param code of the error that anything else is
 */
export function parseStrictJson(bytes: Uint8Array, what: string, code: ClmbrErrorCode): JsonObject {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    if (exceedsDepth(text)) throw new SyntaxError(`it nests more than ${maxDepth} deep`);
    value = JSON.parse(text);
  } catch (cause) {
    throw new ClmbrError(code, `${what} is not valid JSON.`, { cause, details: { source: what } });
  }
  if (!isObject(value)) throw new ClmbrError(code, `${what} is not a JSON object.`, { details: { source: what } });
  const key = findDuplicateKey(text);
  if (key !== null) {
    throw new ClmbrError(code, `${what} has the key ${quoted(key)} twice in one object.`, {
      details: { source: what, key },
    });
  }
  return value;
}

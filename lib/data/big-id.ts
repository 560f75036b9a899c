/** Longer than any number that a data set counts its patients with. */
const wholeNumber = /[ \t\r]*(-?[0-9]{1,1000})[ \t\r]*[,}]/y;

/**
 * The exact value of the whole number under `id` of a JSON object: `JSON.parse` rounds numbers beyond 2^53. Undefined where the number is not
 * written as a plain whole number.
 *
 * @param text a valid JSON object
 */
export function exactId(text: string): bigint | undefined {
  let found: string | undefined;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    else if (character === '"') {
      const end = endOfString(text, at);
      const literal = depth === 1 && end - at <= longestKey ? text.slice(at, end) : '""';
      at = end - 1;
      if (depth !== 1) continue;
      const colon = skipSpaces(text, at + 1);
      if (text[colon] !== ':' || JSON.parse(literal) !== 'id') continue;
      wholeNumber.lastIndex = colon + 1;
      // The last of several equal keys counts, as in JSON.parse.
      found = wholeNumber.exec(text)?.[1];
    }
  }
  return found === undefined ? undefined : BigInt(found);
}

/** Every character of `id` may be written as an escape. */
const longestKey = 2 + 2 * 6;

/** The index behind the string literal that begins at `at`. */
function endOfString(text: string, at: number): number {
  let end = text.indexOf('"', at + 1);
  for (; end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text[end - 1 - escapes] === '\\') escapes++;
    if (escapes % 2 === 0) return end + 1;
  }
  return text.length;
}

function skipSpaces(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\r') at++;
  return at;
}

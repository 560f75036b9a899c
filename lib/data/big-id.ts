const string = /"(?:[^"\\]|\\.)*"/y;
const wholeNumber = /[ \t\r]*(-?[0-9]+)[ \t\r]*[,}]/y;

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
      string.lastIndex = at;
      const [literal] = string.exec(text)!;
      at += literal.length - 1;
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

function skipSpaces(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\r') at++;
  return at;
}

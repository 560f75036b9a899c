const longest = 120;

/** Escapes what moves a cursor or ends a line: names in files are written by anybody, messages are one line on a terminal. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** A value out of a file as JSON for a message: on one line, and cut where it is long. */
export function quoted(value: unknown): string {
  if (ArrayBuffer.isView(value) || (Array.isArray(value) && value.length > longest)) {
    return `a list of ${(value as ArrayLike<unknown>).length}`;
  }
  if (typeof value === 'string' && value.length > longest) return `${quoted(value.slice(0, longest))}...`;
  const text = typeof value === 'bigint' || value === undefined ? String(value) : JSON.stringify(value);
  return printable(typeof value === 'string' || text.length <= longest ? text : `${text.slice(0, longest)}...`);
}

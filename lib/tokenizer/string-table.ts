/** Longest text that a vocabulary may hold in one place, in UTF-16 units; real ones stay below a few hundred. */
export const maxTextLength = 65_535;
/** Most text that one table may hold, in UTF-16 units or bytes. */
const maxTableLength = 2 ** 28;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Many strings in one: the concatenated text and where each string ends. It costs a vocabulary two objects instead of one per
 * string, and strings come into being when they are asked for.
 */
export class StringTable {
  readonly #text: string;
  readonly #offsets: Uint32Array;
  #strings: readonly string[] | undefined;

  /** `offsets`: one more than there are strings, ascending from 0 to `text.length`, in UTF-16 units. */
  constructor(text: string, offsets: Uint32Array) {
    this.#text = text;
    this.#offsets = offsets;
  }

  get length(): number {
    return this.#offsets.length - 1;
  }

  at(index: number): string {
    return this.#strings?.[index] ?? this.#text.slice(this.#offsets[index], this.#offsets[index + 1]);
  }

  /** Length of a string in UTF-16 units, without making it. */
  lengthAt(index: number): number {
    return this.#offsets[index + 1]! - this.#offsets[index]!;
  }

  /**
   * All strings, made once and kept. They are copies: a slice refers to the whole text, which makes it slow to compare; as keys of a map,
   * copies are found three times faster. A round trip through JSON is the quickest way to many copies.
   */
  all(): readonly string[] {
    if (this.#strings === undefined) {
      const slices = Array.from({ length: this.length }, (_, index) => this.at(index));
      this.#strings = JSON.parse(JSON.stringify(slices)) as string[];
    }
    return this.#strings;
  }

  /** The strings have to be well-formed Unicode. A RangeError tells that they are too long together. */
  static fromStrings(strings: readonly string[]): StringTable {
    const offsets = new Uint32Array(strings.length + 1);
    let length = 0;
    for (let i = 0; i < strings.length; i++) {
      length += strings[i]!.length;
      if (length > maxTableLength) throw new RangeError(`more than ${maxTableLength} characters of text`);
      offsets[i + 1] = length;
    }
    return new StringTable(strings.join(''), offsets);
  }

  /** UTF-8 bytes and `length + 1` byte offsets. */
  toBytes(): { bytes: Uint8Array; offsets: Uint32Array } {
    const bytes = new TextEncoder().encode(this.#text);
    if (bytes.length === this.#text.length) return { bytes, offsets: this.#offsets.slice() };
    const offsets = new Uint32Array(this.#offsets.length);
    for (let i = 0; i < this.length; i++) offsets[i + 1] = offsets[i]! + Buffer.byteLength(this.at(i));
    return { bytes, offsets };
  }

  /**
   * The inverse of `toBytes` for input that nobody vouches for. What is wrong with it comes as a string that completes
   * "has ...".
   */
  static fromBytes(bytes: Uint8Array, offsets: Uint32Array): StringTable | string {
    if (bytes.length > maxTableLength) return `more than ${maxTableLength} bytes of text`;
    if (offsets.length === 0) return 'no offsets';
    if (offsets[0] !== 0) return 'a first offset other than 0';
    if (offsets.at(-1) !== bytes.length) return 'a last offset other than the length of its text';
    for (let i = 1; i < offsets.length; i++) {
      if (offsets[i]! < offsets[i - 1]!) return `a decreasing offset at index ${i}`;
    }
    let text: string;
    try {
      text = utf8.decode(bytes);
    } catch {
      return 'text that is not UTF-8';
    }
    const units = text.length === bytes.length ? offsets : toUnitOffsets(bytes, offsets);
    if (typeof units === 'string') return units;
    for (let i = 1; i < units.length; i++) {
      if (units[i]! - units[i - 1]! > maxTextLength)
        return `a text of more than ${maxTextLength} characters at index ${i - 1}`;
    }
    return new StringTable(text, units);
  }
}

/** Turns byte offsets into offsets of UTF-16 units: a continuation byte counts 0, the lead of a four-byte sequence 2. */
function toUnitOffsets(bytes: Uint8Array, offsets: Uint32Array): Uint32Array | string {
  const units = new Uint32Array(offsets.length);
  let next = 0;
  let unit = 0;
  for (let i = 0; i <= bytes.length; i++) {
    const isContinuation = i < bytes.length && (bytes[i]! & 0xc0) === 0x80;
    while (next < offsets.length && offsets[next] === i) {
      if (isContinuation) return `an offset inside a character at index ${next}`;
      units[next++] = unit;
    }
    if (!isContinuation) unit += bytes[i]! >= 0xf0 ? 2 : 1;
  }
  return units;
}

/**
 * Parses JSON as Python's `json` module writes it: standard JSON, and besides it the bare words `NaN`, `Infinity` and
 * `-Infinity` where a value may stand. Standard JSON takes the engine's own parser; only a text that this one refuses is
 * read again here, in time linear to its length and without recursion.
 *
 * @throws SyntaxError that names the position and never quotes the text, which may hold patients' data.
 */
export function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return new PythonJsonParser(text).parse();
  }
}

const spaces = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const words: readonly (readonly [string, unknown])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
];

type Container = unknown[] | Record<string, unknown>;

class PythonJsonParser {
  readonly #text: string;
  /** Keys of the open objects whose value is not complete yet, innermost last. */
  readonly #keys: string[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): unknown {
    const open: Container[] = [];
    for (;;) {
      this.#skipSpaces();
      let value = this.#openContainer();
      if (value !== undefined && !this.#closes(value)) {
        open.push(value);
        if (!Array.isArray(value)) this.#readKey();
        continue;
      }
      value ??= this.#scalar() as Container;
      // A finished value goes into its container; a container that ends with it is a finished value itself.
      for (;;) {
        const parent = open.at(-1);
        if (parent === undefined) return this.#finish(value);
        this.#store(parent, value);
        if (!this.#ends(parent)) break;
        value = open.pop()!;
      }
    }
  }

  #openContainer(): Container | undefined {
    const character = this.#text[this.#at];
    if (character !== '[' && character !== '{') return undefined;
    this.#at++;
    return character === '[' ? [] : {};
  }

  /** Whether the container that was just opened is closed at once. */
  #closes(container: Container): boolean {
    this.#skipSpaces();
    if (this.#text[this.#at] !== (Array.isArray(container) ? ']' : '}')) return false;
    this.#at++;
    return true;
  }

  /** Reads what follows a member: a comma (and the next key), or the end of the container. */
  #ends(container: Container): boolean {
    this.#skipSpaces();
    const character = this.#text[this.#at];
    if (character === (Array.isArray(container) ? ']' : '}')) {
      this.#at++;
      return true;
    }
    if (character !== ',') this.#fail();
    this.#at++;
    if (!Array.isArray(container)) this.#readKey();
    return false;
  }

  #readKey(): void {
    this.#skipSpaces();
    if (this.#text[this.#at] !== '"') this.#fail();
    this.#keys.push(this.#string());
    this.#skipSpaces();
    if (this.#text[this.#at] !== ':') this.#fail();
    this.#at++;
  }

  #store(container: Container, value: unknown): void {
    if (Array.isArray(container)) {
      container.push(value);
      return;
    }
    const key = this.#keys.pop()!;
    // An assignment to `__proto__` would change the prototype instead of adding a member.
    if (key === '__proto__') {
      Object.defineProperty(container, key, { value, writable: true, enumerable: true, configurable: true });
    } else {
      container[key] = value;
    }
  }

  #scalar(): unknown {
    if (this.#text[this.#at] === '"') return this.#string();
    number.lastIndex = this.#at;
    const match = number.exec(this.#text);
    if (match !== null) {
      this.#at = number.lastIndex;
      return Number(match[0]);
    }
    for (const [word, value] of words) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    return this.#fail();
  }

  #string(): string {
    const from = this.#at;
    let end = from;
    do {
      end = this.#text.indexOf('"', end + 1);
      if (end < 0) this.#fail(this.#text.length);
    } while (this.#isEscaped(end));
    this.#at = end + 1;
    try {
      return JSON.parse(this.#text.slice(from, end + 1)) as string;
    } catch {
      return this.#fail(from);
    }
  }

  /** Whether an odd number of backslashes stands before `at`. */
  #isEscaped(at: number): boolean {
    let first = at;
    while (this.#text[first - 1] === '\\') first--;
    return (at - first) % 2 === 1;
  }

  #finish(value: unknown): unknown {
    this.#skipSpaces();
    if (this.#at < this.#text.length) this.#fail();
    return value;
  }

  #skipSpaces(): void {
    spaces.lastIndex = this.#at;
    spaces.exec(this.#text);
    this.#at = spaces.lastIndex;
  }

  #fail(at = this.#at): never {
    throw new SyntaxError(
      at >= this.#text.length ? `JSON ends too early, at position ${at}` : `invalid JSON at position ${at}`,
    );
  }
}

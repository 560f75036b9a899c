/** Finds every number and every item in the header of a valid GGUF file, so that each can be changed for itself. */

export interface Field {
  at: number;
  size: number;
  kind: 'magic' | 'version' | 'count' | 'length' | 'type' | 'value' | 'dimensions' | 'size' | 'offset' | 'text';
}

export interface Span {
  start: number;
  end: number;
}

export interface GgufLayout {
  fields: Field[];
  /** Metadata entries and tensor infos, whole. */
  entries: Span[];
  tensors: Span[];
  headerEnd: number;
  dataStart: number;
}

export const tensorCountAt = 8;
export const entryCountAt = 16;

const scalarBytes: Readonly<Record<number, number>> = {
  ...{ 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1 },
  ...{ 10: 8, 11: 8, 12: 8 },
};

class Scanner {
  readonly fields: Field[] = [];
  readonly #bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  number(size: 4 | 8, kind: Field['kind']): number {
    const value = size === 4 ? this.#bytes.readUInt32LE(this.at) : Number(this.#bytes.readBigUInt64LE(this.at));
    this.skip(size, kind);
    return value;
  }

  skip(size: number, kind: Field['kind']): void {
    this.fields.push({ at: this.at, size, kind });
    this.at += size;
  }

  string(): void {
    const length = this.number(8, 'length');
    if (length > 0) this.fields.push({ at: this.at, size: Math.min(length, 8), kind: 'text' });
    this.at += length;
  }

  value(type: number): void {
    if (type === 8) return this.string();
    if (type !== 9) return this.skip(scalarBytes[type]!, 'value');
    const element = this.number(4, 'type');
    const count = this.number(8, 'count');
    // A few elements stand for all.
    const size = scalarBytes[element];
    for (let i = 0; i < count; i++) {
      if (size === undefined) this.string();
      else if (i < 6 || i >= count - 6) this.skip(size, 'value');
      else this.at += size;
    }
  }
}

export function layoutOf(bytes: Buffer): GgufLayout {
  const scanner = new Scanner(bytes);
  scanner.number(4, 'magic');
  scanner.number(4, 'version');
  const tensorCount = scanner.number(8, 'count');
  const entryCount = scanner.number(8, 'count');
  const span = (read: () => void): Span => {
    const start = scanner.at;
    read();
    return { start, end: scanner.at };
  };
  const entries = Array.from({ length: entryCount }, () =>
    span(() => {
      scanner.string();
      scanner.value(scanner.number(4, 'type'));
    }),
  );
  const tensors = Array.from({ length: tensorCount }, () =>
    span(() => {
      scanner.string();
      for (let left = scanner.number(4, 'dimensions'); left > 0; left--) scanner.number(8, 'size');
      scanner.number(4, 'type');
      scanner.number(8, 'offset');
    }),
  );
  const headerEnd = scanner.at;
  return { fields: scanner.fields, entries, tensors, headerEnd, dataStart: Math.ceil(headerEnd / 32) * 32 };
}

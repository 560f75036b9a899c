import { quoted } from '../files/quoted.ts';
import { ClmbrError } from '../errors.ts';
import type { GgufFile, GgufValue } from './types.ts';

/** Typed access to metadata; a value of another type is an `INVALID_GGUF` error that names the key. */
export class MetadataReader {
  readonly #file: GgufFile;
  readonly #used = new Set<string>();

  constructor(file: GgufFile) {
    this.#file = file;
  }

  has(key: string): boolean {
    return this.#file.metadata.has(key);
  }

  /** Keys that nobody asked for. */
  unused(): string[] {
    return [...this.#file.metadata.keys()].filter((key) => !this.#used.has(key));
  }

  #get(key: string): GgufValue | undefined {
    this.#used.add(key);
    return this.#file.metadata.get(key);
  }

  fail(key: string, expected: string, found?: string | number | bigint): never {
    const type = this.#file.metadataTypes.get(key);
    const shown = found === undefined ? (type === undefined ? 'missing' : `of type ${type}`) : String(found);
    throw new ClmbrError('INVALID_GGUF', `${this.#file.path}: key ${quoted(key)} is ${shown}, expected ${expected}.`, {
      details: { path: this.#file.path, key, expected, found: found ?? type },
    });
  }

  optionalInteger(key: string): number | undefined {
    const value = this.#get(key);
    if (value === undefined) return undefined;
    const stored = this.#file.metadataTypes.get(key)!;
    if (!/^U?INT/.test(stored)) return this.fail(key, 'an integer');
    const number = Number(value);
    if (!Number.isSafeInteger(number)) return this.fail(key, 'an integer below 2^53', number);
    return number;
  }

  integer(key: string): number {
    return this.optionalInteger(key) ?? this.fail(key, 'an integer');
  }

  optionalNumber(key: string): number | undefined {
    const value = this.#get(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'number') return this.fail(key, 'a number');
    if (!Number.isFinite(value)) return this.fail(key, 'a finite number', value);
    return value;
  }

  number(key: string): number {
    return this.optionalNumber(key) ?? this.fail(key, 'a number');
  }

  optionalText(key: string): string | undefined {
    const value = this.#get(key);
    if (value === undefined) return undefined;
    return typeof value === 'string' ? value : this.fail(key, 'text');
  }

  optionalBoolean(key: string): boolean | undefined {
    const value = this.#get(key);
    if (value === undefined) return undefined;
    return typeof value === 'boolean' ? value : this.fail(key, 'a boolean');
  }
}

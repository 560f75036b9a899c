import { quoted } from '../files/quoted.ts';
import { ClmbrError } from '../errors.ts';
import type { JsonObject } from './strict-json.ts';

/** Reads values of a config.json and words what is wrong with them. */
export class ConfigReader {
  readonly path: string;
  readonly json: JsonObject;

  constructor(path: string, json: JsonObject) {
    this.path = path;
    this.json = json;
  }

  unsupported(key: string, expected: string, found: unknown): never {
    throw new ClmbrError('UNSUPPORTED_MODEL', `${this.path}: "${key}" is ${quoted(found)}, expected ${expected}.`, {
      details: { path: this.path, key, expected, found },
    });
  }

  invalid(key: string, expected: string, found: unknown): never {
    const shown = found === undefined || found === null ? `missing "${key}"` : `"${key}" is ${quoted(found)}`;
    throw new ClmbrError('INVALID_CONFIG', `${this.path}: ${shown}, expected ${expected}.`, {
      details: { path: this.path, key, expected, found },
    });
  }

  number(key: string, object: JsonObject = this.json, name: string = key): number {
    const value = object[key];
    return typeof value === 'number' && Number.isFinite(value) ? value : this.invalid(name, 'a finite number', value);
  }

  integer(key: string): number {
    const value = this.number(key);
    return Number.isSafeInteger(value) ? value : this.invalid(key, 'an integer', value);
  }

  optionalInteger(key: string): number | undefined {
    const value = this.json[key];
    return value === undefined || value === null ? undefined : this.integer(key);
  }

  boolean(key: string): boolean {
    const value = this.json[key] ?? false;
    return typeof value === 'boolean' ? value : this.invalid(key, 'true or false', value);
  }
}

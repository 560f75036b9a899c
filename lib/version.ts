import { readFileSync } from 'node:fs';

/** Version of this package; `unknown` where its package.json is not there, as in a bundle. */
export const version: string = read();

function read(): string {
  try {
    // The same path from lib/ and dist/.
    const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
    return (JSON.parse(text) as { version?: string }).version ?? 'unknown';
  } catch {
    return 'unknown';
  }
}

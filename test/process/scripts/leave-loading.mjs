// Leaves the process while weights of many files are loaded: when the first of them are there.
import { copyFile, mkdtemp } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModel } from '../../../dist/index.js';

const [source] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'clmbr-leave-'));
const paths = Array.from({ length: 24 }, (_, i) => join(folder, `${i}.gguf`));
await Promise.all(paths.map((path) => copyFile(source, path)));
let loaded = 0;
process.on('exit', () => rmSync(folder, { recursive: true }));
const loads = paths.map((path) => loadModel(path).then(() => loaded++));
await Promise.race(loads);
console.log('ready');
process.exit(loaded < paths.length ? 6 : 0);

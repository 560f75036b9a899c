// Nothing of this package uses a network.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clmbr } from '../cli/command.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { jsonl } from './canaries.ts';

const forbidden = [
  /['"](?:node:)?(?:http|https|http2|net|dgram|tls|dns|dns\/promises|inspector|undici|ws)['"]/g,
  /\bfetch\s*\(|\bnew (?:WebSocket|EventSource|XMLHttpRequest)\b|\bgetBuiltinModule\b/g,
];
/** Named pipes are read as sockets, from a descriptor that is open already. */
const pipes = /^(lib|dist)\/data\/source\.(ts|js)$/;

function sources(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true }) as string[];
  return names.filter((name) => /\.(ts|js)$/.test(name) && !name.endsWith('.d.ts')).map((name) => join(folder, name));
}

describe('no network', () => {
  it('the sources name no module that has one', () => {
    const files = ['lib', ...(existsSync('dist') ? ['dist'] : [])].flatMap(sources);
    expect(files.length).toBeGreaterThan(100);
    const found = files.flatMap((file) => {
      const text = readFileSync(file, 'utf8');
      return forbidden.flatMap((pattern) => [...text.matchAll(pattern)].map(([what]) => `${file}: ${what}`));
    });
    const isPipe = (line: string) => pipes.test(line.split(': ')[0]!) && /'(node:)?net'/.test(line);
    expect(found.filter((line) => !isPipe(line))).toEqual([]);
    for (const file of files.filter((one) => pipes.test(one))) {
      const text = readFileSync(file, 'utf8');
      expect(text.match(/\bnew Socket\(\{ fd:/g)).toHaveLength(1);
      expect(text).not.toMatch(/\.connect\(|createConnection|createServer/);
    }
  });

  it.each([
    ['doctor', ['doctor']],
    ['coverage', ['coverage', 'examples/demo/demo.gguf', 'DATA']],
    ['embed', ['embed', 'examples/demo/demo.gguf', 'DATA', '--out', '-']],
  ])('clmbr %s connects to nothing', async (_, args) => {
    const folder = await temporary;
    const [hook, data] = [join(folder, 'hook.mjs'), join(folder, 'data.jsonl')];
    await writeFile(data, jsonl);
    await writeFile(
      hook,
      `import net from 'node:net'; import dns from 'node:dns'; import dgram from 'node:dgram'; import { syncBuiltinESMExports } from 'node:module';
       const stop = (name) => () => { process._rawDebug('NETWORK: ' + name); process.exit(99); };
       net.Socket.prototype.connect = stop('connect'); net.Server.prototype.listen = stop('listen');
       dns.lookup = stop('lookup'); dns.promises.lookup = stop('lookup'); dgram.createSocket = stop('dgram'); globalThis.fetch = stop('fetch');
       syncBuiltinESMExports();`,
    );
    const { code, stderr } = await clmbr(
      args.map((arg) => (arg === 'DATA' ? data : arg)),
      { node: ['--import', hook] },
    );
    expect(stderr).not.toContain('NETWORK');
    expect(code).toBe(0);
  });
});

const temporary = temporaryFolder();

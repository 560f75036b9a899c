import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as rules from '../../scripts/lib/layer-rules.mjs';
import { checkLayers } from '../../scripts/lib/layers.mjs';

/** A tree that obeys every rule and has a file in every folder that the rules name. */
const sound: Record<string, string> = {
  'lib/errors.ts': 'export class E extends Error {}\n',
  'lib/native/load.ts': "import load from 'node-gyp-build';\nimport { E } from '../errors.ts';\nexport { load, E };\n",
  'lib/gguf/reader.ts': "import { E } from '../errors.ts';\nexport const read = E;\n",
  'lib/tokenizer/vocabulary.ts': "export { read } from '../gguf/reader.ts';\n",
  'lib/architecture/llama.ts': "import type { read } from '../gguf/reader.ts';\nexport type R = typeof read;\n",
  'lib/convert/convert.ts': "import { readFile } from 'node:fs';\nexport { readFile };\n",
  'lib/model.ts': "import { load } from './native/load.ts';\nexport { load };\n",
  'lib/index.ts': "export * from './model.ts';\n",
  'lib/cli/main.ts': "import { load } from '../index.ts';\nload;\n",
  'bench/run.mjs': "import '../dist/index.js';\nimport './other.mjs';\n",
  'bench/other.mjs': '',
  'examples/first.mjs': "import { loadModel } from 'clmbr';\nloadModel;\n",
  'native/addon.cc': '#include <napi.h>\n',
  'native/engine/model.h': '#include "kernels/kernels.h"\n#include <ggml.h>\n',
  'native/engine/model.cc': '#include "model.h"\n// #include <napi.h>\n',
  'native/kernels/kernels.h': '#include <cstdint>\n',
  'native/kernels/linear_avx2.cc': '#include "kernels.h"\n#include <immintrin.h>\n',
};

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'clmbr-layers-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Problems of the sound tree with some files changed, added, or (undefined) removed. */
function problemsWith(changes: Record<string, string | undefined>, changedRules: Partial<typeof rules> = {}): string[] {
  const tree = Object.entries({ ...sound, ...changes }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  for (const [file, text] of tree) {
    mkdirSync(path.join(root, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  const files = tree.map(([file]) => file);
  return checkLayers(root, files, { ...rules, exceptions: [], ...changedRules }).problems;
}

describe('check-layers', () => {
  test('passes a sound tree', () => {
    expect(problemsWith({})).toEqual([]);
  });

  test.each([
    ['static', "import { load } from '../model.ts';\nload;\n"],
    ['type-only', "import type { load } from '../model.ts';\nexport type L = typeof load;\n"],
    ['re-exported', "export * from '../model.ts';\n"],
    ['dynamic', "export const load = () => import('../model.ts');\n"],
  ])('refuses an import upwards: %s', (_, text) => {
    const problems = problemsWith({ 'lib/convert/convert.ts': text });
    expect(problems).toContain('lib/convert/convert.ts: imports upwards, lib/model.ts');
  });

  test('takes no offence at imports in comments and strings', () => {
    const text = "// import { load } from '../model.ts';\nexport const text = `import x from '../model.ts'`;\n";
    expect(problemsWith({ 'lib/convert/convert.ts': text })).toEqual([]);
  });

  test('refuses a part of lib/ that the table does not know', () => {
    expect(problemsWith({ 'lib/utilities/misc.ts': '' })[0]).toMatch(
      /^lib\/utilities\/misc\.ts: .*no place in the table/,
    );
  });

  test('refuses imports of lib/ from outside lib/', () => {
    expect(problemsWith({ 'lib/model.ts': "import '../bench/run.mjs';\n" })).toEqual([
      'lib/model.ts: imports bench/run.mjs; lib/ imports nothing outside itself',
    ]);
  });

  test('refuses circles', () => {
    const problems = problemsWith({
      'lib/gguf/reader.ts': "import '../json.ts';\n",
      'lib/json.ts': "import './gguf/reader.ts';\n",
    });
    expect(problems).toEqual([
      'lib/gguf/reader.ts: imports itself in a circle, lib/gguf/reader.ts -> lib/json.ts -> lib/gguf/reader.ts',
    ]);
  });

  test('keeps what works without the addon away from lib/native, also through others', () => {
    const problems = problemsWith({
      'lib/files/open.ts': "import '../native/load.ts';\n",
      'lib/tokenizer/vocabulary.ts': "import '../files/open.ts';\n",
    });
    expect(problems).toContain(
      'lib/tokenizer/vocabulary.ts: must work without the addon but reaches it, ' +
        'lib/tokenizer/vocabulary.ts -> lib/files/open.ts -> lib/native/load.ts',
    );
  });

  test.each([
    ["import load from 'node-gyp-build';\n"],
    ["export const file = './build/Release/clmbr.node';\n"],
    ['process.dlopen(module, name);\n'],
  ])('lets only lib/native load the addon: %s', (text) => {
    expect(problemsWith({ 'lib/model.ts': text })).toEqual(['lib/model.ts: only lib/native may load the addon']);
  });

  test('lets the command line, benchmarks and examples see the package only from outside', () => {
    expect(
      problemsWith({
        'lib/cli/main.ts': "import '../errors.ts';\n",
        'bench/run.mjs': "import '../dist/model.js';\n",
        'examples/first.mjs': "import '../lib/index.ts';\nimport '../lib/model.ts';\n",
      }),
    ).toEqual([
      'lib/cli/main.ts: imports lib/errors.ts; lib/cli sees the package only through lib/index.ts',
      'bench/run.mjs: imports dist/model.js; bench sees the package only through lib/index.ts or dist/index.js or scripts/lib/ggml-pin.mjs',
      'examples/first.mjs: imports lib/model.ts; examples sees the package only through lib/index.ts or dist/index.js',
    ]);
  });

  test('keeps Node-API out of the engine, also through a header', () => {
    const problems = problemsWith({
      'native/engine/model.h': '#include "../binding/convert.h"\n',
      'native/binding/convert.h': '#  include <napi.h>\n',
    });
    expect(problems).toEqual([
      'native/engine/model.h: includes native/binding/convert.h; the engine knows nothing of Node-API',
      'native/engine/model.cc: includes native/engine/model.h -> native/binding/convert.h; ' +
        'the engine knows nothing of Node-API',
    ]);
  });

  test('keeps kernels away from the engine, and instruction-set files away from C++ templates', () => {
    expect(problemsWith({ 'native/kernels/linear_avx2.cc': '#include <vector>\n' })).toEqual([
      'native/kernels/linear_avx2.cc: includes vector; files compiled for one instruction set include C headers only',
    ]);
    expect(problemsWith({ 'native/kernels/scalar.cc': '#include <vector>\n#include "engine/model.h"\n' })).toEqual([
      'native/kernels/scalar.cc: includes native/engine/model.h; kernels are plain functions on memory',
    ]);
  });

  test('holds files to their budgets, with exceptions that must exist', () => {
    const long = '//\n'.repeat(251);
    expect(problemsWith({ 'lib/model.ts': long })).toEqual([
      'lib/model.ts: 251 lines, more than the 250 that it may have',
    ]);
    const exceptions = [{ file: 'lib/model.ts', lines: 260, reason: 'test' }] as never[];
    expect(problemsWith({ 'lib/model.ts': long }, { exceptions })).toEqual([]);
    const gone = [{ file: 'lib/gone.ts', lines: 260, reason: 'test' }] as never[];
    expect(problemsWith({}, { exceptions: gone })).toEqual([
      'lib/gone.ts: has an exception from the size budget but does not exist',
    ]);
  });

  test('fails when a rule matches nothing', () => {
    const problems = problemsWith({
      'native/kernels/kernels.h': undefined,
      'native/kernels/linear_avx2.cc': undefined,
    });
    expect(problems).toContain(
      'native/kernels: there is no file to check; if it moved, scripts/lib/layer-rules.mjs must follow',
    );
  });
});

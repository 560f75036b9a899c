// The files that everybody is measured with: one checkpoint in each contender's format, made on first use and kept in .cache/bench.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { convertCheckpoint } from '../../dist/index.js';
import { say } from './alternate.mjs';
import { cache, peerFolder } from './contenders.mjs';
import { writeFullCheckpoint } from './full-model.mjs';

const local = (path) => fileURLToPath(new URL(path, import.meta.url));
const generator = local('../../../shared/golden/make_full_checkpoint.py');

/** The golden checkpoint where its generator and numpy are there, else one of the same shape with random weights. */
function checkpointFolder() {
  const python = join(peerFolder('openblas'), 'bin', 'python');
  const golden = existsSync(generator) && existsSync(python);
  const folder = join(cache, 'bench', golden ? 'golden-full' : 'random-full');
  if (existsSync(join(folder, 'config.json'))) return folder;
  mkdirSync(folder, { recursive: true });
  say(`> ${folder}: writing the checkpoint`);
  if (golden) execFileSync(python, [generator, folder], { stdio: 'ignore' });
  else writeFullCheckpoint(folder);
  return folder;
}

function attempt(what, target, make) {
  if (existsSync(target)) return;
  say(`> ${basename(target)}: ${what}`);
  try {
    make();
  } catch (error) {
    say(`  not made: ${error.message.split('\n')[0]}`);
  }
}

/**
 * Paths of the model in every format. With `checkpoint` (a Hugging Face folder) everything is made from it; with `model` (a GGUF file of
 * F32 weights) that file is used as it is.
 */
export async function prepareModels({ model, checkpoint }) {
  const folder = checkpoint ?? checkpointFolder();
  const target = join(cache, 'bench', `${basename(folder)}-formats`);
  mkdirSync(target, { recursive: true });
  const models = {
    checkpoint: folder,
    onnx: join(target, 'f32.onnx'),
    onnxInt8: join(target, 'int8.onnx'),
    withVocabulary: join(target, 'with-vocabulary.gguf'),
  };
  for (const type of ['f32', 'bf16', 'q8_0']) {
    models[type] = type === 'f32' && model !== undefined ? model : join(target, `${type}.gguf`);
    if (existsSync(models[type])) continue;
    say(`> ${basename(models[type])}: converting`);
    await convertCheckpoint({ source: folder, target: models[type], type });
  }
  const onnxPython = join(peerFolder('onnxruntime'), 'bin', 'python');
  if (existsSync(onnxPython)) {
    attempt('exporting', models.onnxInt8, () =>
      // The quantiser leaves a file in the folder that it runs in.
      execFileSync(onnxPython, [local('../peers/onnxruntime/export.py'), folder, models.onnx, models.onnxInt8], {
        cwd: target,
        stdio: 'ignore',
      }),
    );
  }
  attempt('adding texts for node-llama-cpp', models.withVocabulary, () =>
    execFileSync(process.execPath, [
      local('../peers/node-llama-cpp/with-vocabulary.mjs'),
      models.f32,
      models.withVocabulary,
    ]),
  );
  return { ...models, folder: dirname(models.bf16) };
}

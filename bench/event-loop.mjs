// How free the event loop stays while a long patient is embedded: node bench/event-loop.mjs [MODEL.gguf]
//
// A timer that should fire every millisecond runs in the embedding process and, at the same time, in a process that does nothing else:
// what both suffer is the machine's doing. Prints one JSON line.
import { spawn } from 'node:child_process';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { loadModel } from '../dist/index.js';
import { prepareModels } from './lib/models.mjs';

const milliseconds = (nanoseconds) => Number((nanoseconds / 1e6).toFixed(2));
const watch = () => {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  return () => {
    delay.disable();
    return {
      p50: milliseconds(delay.percentile(50)),
      p99: milliseconds(delay.percentile(99)),
      most: milliseconds(delay.max),
    };
  };
};

if (process.argv[2] === '--control') {
  const finish = watch();
  process.stdin.resume();
  process.stdin.on('end', () => process.stdout.write(JSON.stringify(finish())));
} else {
  const model = await loadModel(process.argv[2] ?? (await prepareModels({})).f32);
  const { contextLength, vocabularySize } = model.info;
  const ids = Int32Array.from({ length: contextLength }, (_, i) => 7 + ((i * 7919) % (vocabularySize - 7)));
  await model.embed([ids.subarray(0, 64)]);
  const control = spawn(process.execPath, [fileURLToPath(import.meta.url), '--control'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let idle = '';
  control.stdout.on('data', (data) => (idle += data));
  await new Promise((resolve) => setTimeout(resolve, 300));
  const finish = watch();
  const before = performance.eventLoopUtilization();
  const started = performance.now();
  await model.embed([ids], { pooling: 'mean' });
  const seconds = (performance.now() - started) / 1000;
  const embedding = finish();
  const busy = performance.eventLoopUtilization(before);
  control.stdin.end();
  await new Promise((resolve) => control.on('close', resolve));
  await model.dispose();
  const result = {
    tokens: ids.length,
    seconds,
    javascriptMilliseconds: busy.active,
    embedding,
    idle: JSON.parse(idle),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

// How late a timer of 5 ms comes while a cohort is embedded, and at the same time in a process beside it that does nothing else.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { loadModel } from '../../../dist/index.js';
import { endless, sleep } from './shared.mjs';

const duration = 1500;
const period = 5;

async function measure() {
  const late = [];
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    late.push(now - last - period);
    last = now;
  }, period);
  await sleep(duration);
  clearInterval(timer);
  late.sort((a, b) => a - b);
  const quantile = (share) => late[Math.floor(share * (late.length - 1))];
  return { ticks: late.length, median: quantile(0.5), p90: quantile(0.9), most: quantile(1) };
}

if (process.send !== undefined) {
  process.send('here');
  await once(process, 'message');
  process.send(await measure());
  process.disconnect();
} else {
  const control = fork(new URL(import.meta.url).pathname);
  await once(control, 'message');
  const model = await loadModel(process.argv[2]);
  const controller = new AbortController();
  let passes = 0;
  const working = model.embed(endless, { signal: controller.signal, onProgress: () => passes++ });
  const ended = working.catch((error) => error.name);
  await sleep(100);
  control.send('go');
  const [busy, [idle]] = await Promise.all([measure(), once(control, 'message')]);
  controller.abort();
  console.log(JSON.stringify({ idle, busy, passes, ended: await ended }));
}

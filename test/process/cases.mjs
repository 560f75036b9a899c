// What the scripts of this folder are run with and have to end with, for `npm test` (lifecycle.test.ts) and `npm run test:runtimes`.

/**
 * @typedef {{name: string, script: string, args?: string[], collects?: boolean, send?: 'SIGTERM' | 'SIGINT', code?: number | null,
 *   signal?: string, says?: RegExp, quiet?: boolean, seconds?: number}} Case  `args` follow the two models; `collects`: needs a callable
 *   garbage collector; `send`: the signal that is sent when the script says `ready`; `says`: what it prints; `quiet: false`: the error that
 *   it ends with is printed; `seconds`: that it may take from `ready` on
 */

const ok = /^ok$/m;

/** @type {Case[]} */
export const cases = [
  { name: 'embeds', script: 'never-disposed', says: /^ready$/m, seconds: 3 },
  { name: 'dispose: during work, twice, from finally', script: 'dispose', says: ok },
  { name: 'abort: before, during, after', script: 'abort', says: ok },
  { name: 'left half done', script: 'half-done', says: /still here/ },
  { name: 'process.exit() while a pass runs', script: 'leave-working', args: ['exit'], code: 7, seconds: 3 },
  { name: 'process.exit() in a callback', script: 'leave-working', args: ['callback'], code: 8, seconds: 3 },
  { name: 'process.exit() while all runs', script: 'leave-everything', code: 5, seconds: 3 },
  { name: 'exit while loading', script: 'leave-loading', code: 6, seconds: 3 },
  { name: 'uncaught exception', script: 'leave-working', args: ['throw'], code: 1, quiet: false, seconds: 3 },
  { name: 'unhandled rejection', script: 'leave-working', args: ['reject'], code: 1, quiet: false, seconds: 3 },
  {
    name: 'SIGTERM',
    script: 'leave-working',
    args: ['wait'],
    send: 'SIGTERM',
    code: null,
    signal: 'SIGTERM',
    seconds: 3,
  },
  { name: 'SIGTERM, handled', script: 'handles-sigterm', send: 'SIGTERM', says: ok, seconds: 5 },
  { name: 'worker threads, 8 at once', script: 'eight-workers', quiet: false, says: ok },
  { name: 'worker threads, ended at any moment', script: 'workers', says: ok },
  { name: 'child_process.fork', script: 'fork', says: ok },
  { name: 'cluster', script: 'cluster', says: ok },
  { name: 'loaded twice: ESM, CJS, two copies', script: 'twice', says: ok },
  { name: 'collected without dispose', script: 'collected', collects: true, says: ok },
  { name: '1,000 loads and disposals', script: 'thousand', collects: true, says: ok },
];

/**
 * What is wrong with an ended run of a case; empty when nothing is.
 * @param {number} patience how many times as long as usual it may take
 */
export function problemsOf(one, { code, signal, stdout, stderr, afterReady }, patience = 1) {
  const problems = [];
  const { code: expected = 0, signal: expectedSignal = null, quiet = true } = one;
  if (code !== expected || signal !== expectedSignal)
    problems.push(`ended with ${code ?? signal} instead of ${expected ?? expectedSignal}`);
  if (one.says !== undefined && !one.says.test(stdout)) problems.push(`did not print ${one.says}`);
  if (quiet && stderr.trim() !== '') problems.push('wrote to stderr');
  if (one.seconds !== undefined && !(afterReady < 1000 * one.seconds * patience))
    problems.push(`took ${afterReady} ms to end`);
  return problems;
}

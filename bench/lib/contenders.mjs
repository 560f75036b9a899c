// Who is measured at embedding one sequence: each takes (length, threads) and returns tokens per second from a fresh process.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const embedCase = fileURLToPath(new URL('../cases/embed-one.mjs', import.meta.url));

export function clmbr(model) {
  return {
    name: 'clmbr',
    tokensPerSecond: (length, threads) =>
      JSON.parse(
        execFileSync(process.execPath, [embedCase, model, String(length), String(threads)], { encoding: 'utf8' }),
      ).tokensPerSecond,
  };
}

/** llama-bench's prompt processing, with and without flash attention, one micro-batch as long as the prompt or the default one. */
export function llamaCpp(program, model, { flashAttention, microBatch }) {
  return {
    name: `llama.cpp${flashAttention ? ' -fa' : ''}${microBatch === undefined ? '' : ` -ub ${microBatch}`}`,
    tokensPerSecond: (length, threads) => {
      const args = ['-m', model, '-p', String(length), '-n', '0', '-t', String(threads), '-r', '2', '-o', 'json'];
      args.push('-fa', flashAttention ? '1' : '0');
      if (microBatch !== undefined) args.push('-b', String(microBatch), '-ub', String(microBatch));
      const output = execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
      return Math.max(...JSON.parse(output)[0].samples_ts);
    },
  };
}

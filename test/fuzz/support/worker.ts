/** The child process: tries case after case and tells its parent what came of them. */
import { mkdirSync, openSync, readdirSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { BlockCoverage } from './block-coverage.ts';
import type { Job, Message, Selected } from './job.ts';
import { Violation, demand } from './judge.ts';
import { Random } from './random.ts';
import type { Attempt } from './target.ts';
import { targets } from './targets/index.ts';

const job = JSON.parse(process.argv[2]!) as Job;
const progress = openSync(job.progress, 'w');
const outcomes: Record<string, number> = {};
let tried = 0;
let told = performance.now();

function tell(message: Message): Promise<void> {
  return new Promise((resolve) => process.send!(message, undefined, undefined, () => resolve()));
}

function openFiles(): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
}

function describe(error: unknown): string {
  if (error instanceof Violation) return error.message;
  return `an error nobody expected: ${error instanceof Error ? error.stack : String(error)}`;
}

/** The outcome; null after a failure. */
async function tryCase(attempt: Attempt, index: number): Promise<string | null> {
  const inputs = new Map<string, Uint8Array | string>();
  const saved = join(job.failures, `${job.target}-${job.seed}-${index}`);
  const save = () => {
    mkdirSync(saved, { recursive: true });
    for (const [name, content] of inputs) writeFileSync(join(saved, name), content);
  };
  writeSync(progress, `${index}`.padEnd(20), 0);
  try {
    const outcome = await attempt(new Random(job.seed, index), (name, content) => {
      inputs.set(name, content);
      // Whoever repeats one case wants its input, even if the process does not come back.
      if (job.count === 1) save();
    });
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    return outcome;
  } catch (error) {
    outcomes['FAILED'] = (outcomes['FAILED'] ?? 0) + 1;
    save();
    await tell({ kind: 'failure', failure: { case: index, problem: describe(error), saved } });
    return null;
  } finally {
    tried += 1;
  }
}

async function work(): Promise<void> {
  const attempt = await targets[job.target]!(job.scratch);
  const end = performance.now() + job.milliseconds;
  const coverage =
    job.coverage === true ? await BlockCoverage.start(new URL('../../../lib/', import.meta.url).href) : null;
  const selected: Selected[] = [];
  let most = 0;
  for (let index = job.first; job.count === undefined || index < job.first + job.count; index++) {
    if (performance.now() >= end) break;
    const outcome = await tryCase(attempt, index);
    if (coverage !== null && (await coverage.fresh()) > 0 && outcome !== null) selected.push({ case: index, outcome });
    if (tried === 100) most = openFiles() + 20;
    if (tried % 100 === 0) demand(openFiles() <= most, `${openFiles()} files are open after ${tried} cases`);
    if (performance.now() - told < 200) continue;
    await tell({ kind: 'counts', tried, outcomes });
    told = performance.now();
  }
  if (coverage === null) return;
  coverage.stop();
  await tell({ kind: 'selection', selected, blocks: coverage.blocks });
}

await work();
await tell({ kind: 'counts', tried, outcomes });
process.disconnect();

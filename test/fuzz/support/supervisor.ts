import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Failure, Job, Message, Selected } from './job.ts';
import type { Program } from './program.ts';
import { root } from './program.ts';

export interface Limits {
  /** Longest time for one case, in milliseconds. */
  caseMilliseconds: number;
  /** Most memory that the child may have resident, in bytes. */
  memoryBytes: number;
}

export const defaultLimits: Limits = { caseMilliseconds: 10_000, memoryBytes: 2 ** 31 };

export interface Report {
  tried: number;
  outcomes: Record<string, number>;
  failures: Failure[];
  /** Cases that reach code which those before them do not reach, where that was asked for. */
  selected: Selected[];
  /** How many blocks of lib/ all cases together ran. */
  blocks: number;
}

export interface Order {
  target: string;
  seed: number;
  first?: number;
  count?: number | undefined;
  milliseconds: number;
  limits?: Limits;
  coverage?: boolean;
  onProgress?: (report: Report) => void;
}

/** Different defects are worth the time; the hundredth sight of one is not. */
const mostFailures = 12;

/**
 * Runs a target in child processes. A child that dies, hangs or takes too much memory is a failure of the case that it was at;
 * the next child goes on behind that case.
 */
export async function supervise(program: Program, order: Order): Promise<Report> {
  const { target, seed, count, limits = defaultLimits, coverage } = order;
  const report: Report = { tried: 0, outcomes: {}, failures: [], selected: [], blocks: 0 };
  const failures = join(root, 'build', 'fuzz');
  const end = performance.now() + order.milliseconds;
  const last = count === undefined ? Infinity : (order.first ?? 0) + count;
  for (let first = order.first ?? 0; first < last; ) {
    const milliseconds = end - performance.now();
    if (milliseconds <= 0 || report.failures.length >= mostFailures) break;
    const scratch = await mkdtemp(join(program.folder, `${target}-`));
    const progress = `${scratch}.progress`;
    const left = count === undefined ? undefined : last - first;
    const job: Job = { target, seed, first, count: left, milliseconds, scratch, progress, failures, coverage };
    const dead = await runChild(program, job, limits, report, order.onProgress);
    if (dead === null) break;
    const at = caseNumber(progress);
    if (at === null) throw new Error(`The child process for ${target} did not begin: ${dead}`);
    report.outcomes['FAILED'] = (report.outcomes['FAILED'] ?? 0) + 1;
    report.failures.push({ case: at, problem: dead, saved: await saveScratch(scratch, job, at) });
    await rm(scratch, { recursive: true, force: true });
    first = at + 1;
  }
  return report;
}

function caseNumber(progress: string): number | null {
  const text = existsSync(progress) ? readFileSync(progress, 'utf8').trim() : '';
  return text === '' ? null : Number(text);
}

async function saveScratch(scratch: string, job: Job, at: number): Promise<string> {
  const saved = join(job.failures, `${job.target}-${job.seed}-${at}`);
  await mkdir(saved, { recursive: true });
  await cp(scratch, saved, { recursive: true, force: true });
  return saved;
}

/** Resolves to null when the child came to its end, otherwise to what became of it. */
async function runChild(
  program: Program,
  job: Job,
  limits: Limits,
  report: Report,
  onProgress: Order['onProgress'],
): Promise<string | null> {
  const { NODE_OPTIONS: _, VITEST: __, ...env } = process.env;
  const child = fork(program.worker, [JSON.stringify(job)], {
    env,
    execArgv: ['--max-old-space-size=1500'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const before = { tried: report.tried, outcomes: { ...report.outcomes } };
  let output = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-6000)));
  child.on('message', (message: Message) => {
    if (message.kind === 'failure') return addFailure(report, message.failure);
    if (message.kind === 'selection') {
      report.selected.push(...message.selected);
      report.blocks = message.blocks;
      return;
    }
    report.tried = before.tried + message.tried;
    report.outcomes = { ...before.outcomes };
    for (const [name, times] of Object.entries(message.outcomes))
      report.outcomes[name] = (report.outcomes[name] ?? 0) + times;
    onProgress?.(report);
  });
  const watch = watchChild(child, job, limits);
  const disconnected = new Promise((resolve) => child.once('disconnect', resolve));
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject).on('close', (...ended) => resolve(ended));
  });
  await disconnected;
  const killed = watch.stop();
  if (killed === null && code === 0) return null;
  return `${killed ?? `the process ended with ${signal ?? `code ${code}`}`}\n${output}`;
}

/** Failures that read alike apart from numbers are one. */
function addFailure(report: Report, failure: Failure): void {
  const alike = (one: Failure) => one.problem.slice(0, 160).replace(/\d+/g, '#');
  if (report.failures.some((one) => alike(one) === alike(failure))) return;
  if (report.failures.length < mostFailures) report.failures.push(failure);
}

/** Kills a child that stays at one case for too long or grows too large; `stop` tells which. */
function watchChild(child: ChildProcess, job: Job, limits: Limits): { stop: () => string | null } {
  let at: number | null = null;
  let since = performance.now();
  let killed: string | null = null;
  const kill = (why: string) => {
    killed = why;
    child.kill('SIGKILL');
  };
  const timer = setInterval(
    () => {
      if (killed !== null) return;
      const now = caseNumber(job.progress);
      if (now !== at) since = performance.now();
      at = now;
      // Before the first case it starts up, which takes its time on a busy machine.
      const limit = at === null ? 60_000 : limits.caseMilliseconds;
      if (performance.now() - since > limit) kill(`the process hung for ${limit} ms`);
      else if (residentBytes(child.pid!) > limits.memoryBytes) kill('the process took too much memory');
    },
    Math.min(200, limits.caseMilliseconds / 4),
  );
  return {
    stop: () => {
      clearInterval(timer);
      return killed;
    },
  };
}

/** Linux tells; elsewhere the limit of the JavaScript heap has to do. */
function residentBytes(pid: number): number {
  if (process.platform !== 'linux') return 0;
  try {
    const peak = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return 1024 * Number(peak ?? 0);
  } catch {
    return 0;
  }
}

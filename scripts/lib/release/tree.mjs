import { spawnSync } from 'node:child_process';
import { cleanEnvironment } from '../process.mjs';

/** Whether what is checked out is what is committed. */
export function treeProblems(root) {
  const { status, stdout, stderr } = spawnSync('git', ['status', '--porcelain'], {
    cwd: root,
    encoding: 'utf8',
    env: cleanEnvironment(),
  });
  if (status !== 0) return [`git status failed: ${(stderr ?? '').trim() || 'there is no git'}`];
  const files = stdout.split('\n').filter(Boolean);
  if (files.length === 0) return [];
  const shown = files.slice(0, 5).map((line) => line.slice(3));
  const rest = files.length > shown.length ? ` and ${files.length - shown.length} more` : '';
  return [`the tree is not clean: ${shown.join(', ')}${rest}`];
}

/** Whether a tag of this name is what is checked out, as when a workflow runs for it. */
export function tagProblems(tag, version) {
  return tag === `v${version}` ? [] : [`the tag is ${tag}, and the version ${version} asks for v${version}`];
}

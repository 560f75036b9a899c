import type { LoaderProblem } from './explain-loader.ts';
import { explainLoader } from './explain-loader.ts';
import type { LoadFacts } from './load-facts.ts';
import type { Carried } from './locate.ts';
import { rebuild, reinstall } from './remedies.ts';
import type { Engine } from './runtime.ts';

/** Kinds of failures, for programs. */
export type LoadProblem =
  | 'bundled'
  | 'not-installed'
  | 'other-version'
  | 'no-file'
  | 'other-libc'
  | 'runtime'
  | FileProblem
  | LoaderProblem;
type FileProblem = 'unreadable' | 'not-an-addon' | 'truncated' | 'other-platform';

export interface Explanation {
  problem: LoadProblem;
  /** One sentence: what failed, why, and what to do. */
  message: string;
}

export const oldestNode = '20.19.0';
export const oldestNapi = 8;

/** Why an addon cannot be loaded and what to do. Pure: the same facts give the same sentence on every machine. */
export function explainLoadFailure(facts: LoadFacts): Explanation {
  const [problem, text] =
    explainMissing(facts) ?? explainRuntime(facts.runtime) ?? explainFile(facts) ?? explainLoader(facts);
  const what = facts.variant === 'cuda' ? 'The CUDA addon of clmbr' : 'The native addon of clmbr';
  return { problem, message: `${what} cannot be loaded: ${text}.` };
}

type Answer = readonly [problem: LoadProblem, text: string];

function explainMissing(facts: LoadFacts): Answer | undefined {
  const { missing, version } = facts;
  switch (missing?.why) {
    case undefined:
      return undefined;
    case 'bundled':
      return [
        'bundled',
        'its package is not where its code runs, as after bundling; keep `clmbr` external (esbuild: --external:clmbr) and ship' +
          ' node_modules/clmbr beside the bundle',
      ];
    case 'not-installed':
      return [
        'not-installed',
        `the package clmbr-cuda is not installed; \`npm install clmbr-cuda@${version}\` adds it`,
      ];
    case 'other-version':
      return [
        'other-version',
        `clmbr-cuda is ${missing.found} and clmbr is ${version}, but both have to have the same version; run` +
          ` \`npm install clmbr-cuda@${version}\``,
      ];
    case 'no-file':
      return explainNoFile(facts, missing.carried);
  }
}

function explainNoFile(facts: LoadFacts, carried: readonly Carried[]): Answer {
  const { platform, arch, libc } = facts.runtime;
  const wanted = `${platform}-${arch}`;
  const own = carried.find((one) => one.platform === wanted);
  if (own !== undefined && own.libcs.length > 0 && libc !== null && !own.libcs.includes(libc)) {
    const text = `this process uses ${libc}, and the package carries ${wanted} for ${own.libcs.join(' and ')} only`;
    return ['other-libc', `${text}; ${rebuild(facts)}`];
  }
  if (carried.length === 0) {
    const text = 'the package carries no addon for any platform, as in a checkout that was not built';
    return ['no-file', `${text}; run \`npm run build\` in a checkout, else ${reinstall(facts)}, or ${rebuild(facts)}`];
  }
  const list = carried.map((one) =>
    one.libcs.length > 0 ? `${one.platform} (${one.libcs.join(', ')})` : one.platform,
  );
  const text = `there is none for ${wanted}${libc === null ? '' : ` (${libc})`}; the package carries ${list.join(', ')}`;
  return ['no-file', `${text}; ${rebuild(facts)}`];
}

/** Undefined where the runtime fits. */
export function explainRuntime({ name, version, node, napi }: Engine): Answer | undefined {
  if (napi < oldestNapi) {
    const has = napi === 0 ? 'has none' : `has ${napi}`;
    return [
      'runtime',
      `it needs Node-API ${oldestNapi} and ${name} ${version} ${has}; use Node ${oldestNode} or newer`,
    ];
  }
  // The others say which Node they resemble; what counts for them is Node-API.
  if (name === 'Node' && isOlder(node, oldestNode))
    return ['runtime', `it needs Node ${oldestNode} or newer and this is ${node}; update Node`];
  return undefined;
}

/** Whether a version of up to three numbers comes before another. */
export function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split('.').map((part) => Number.parseInt(part, 10) || 0));
  for (let i = 0; i < 3; i++) {
    const difference = (a![i] ?? 0) - (b![i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function explainFile(facts: LoadFacts): Answer | undefined {
  const { header, file, runtime, code, reason } = facts;
  if (header === null) return explainUnreadable(facts);
  if (header.truncated || header.bytes === 0) {
    const text = `${file} is only ${header.bytes} bytes long and breaks off, as after a download or copy that was interrupted`;
    return ['truncated', `${text}; ${reinstall(facts)}`];
  }
  if (header.platform === null)
    return ['not-an-addon', `${file} is no program code, so it was damaged or replaced; ${reinstall(facts)}`];
  if (header.platform !== runtime.platform || !header.architectures.includes(runtime.arch)) {
    const made = header.architectures.map((arch) => `${header.platform}-${arch}`).join(' and ');
    const text = `${file} is for ${made} and this process is ${runtime.platform}-${runtime.arch}`;
    return ['other-platform', `${text}; install clmbr on this platform, or ${rebuild(facts)}`];
  }
  if (header.libc !== null && runtime.libc !== null && header.libc !== runtime.libc) {
    const text = `${file} is for ${header.libc} and this process uses ${runtime.libc}`;
    return ['other-libc', `${text}; install clmbr in this system, or ${rebuild(facts)}`];
  }
  if (code === 'NOT_CLMBR') return ['not-an-addon', `${file} is ${reason}; ${reinstall(facts)}`];
  return undefined;
}

function explainUnreadable(facts: LoadFacts): Answer {
  const { file, code, reason, runtime } = facts;
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP')
    return ['unreadable', `${file} is a link to nothing or was removed; ${reinstall(facts)}`];
  if (code === 'EACCES' || code === 'EPERM') {
    const fix =
      runtime.platform === 'win32'
        ? 'give this user the right to read it, and look whether a virus scanner holds it back'
        : `let this user read it (chmod a+r) and enter its folders`;
    return ['unreadable', `this user may not read ${file}; ${fix}`];
  }
  return ['unreadable', `${file} cannot be read (${reason}); ${reinstall(facts)}`];
}

import { spawn, spawnSync } from 'node:child_process';
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transpileLibrary } from '../support/transpile.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The addon that the build made. */
export const builtAddon = join(root, 'build', 'Release', 'clmbr.node');
export const version = (JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }).version;
const libc = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
/** Of this process; '' outside of Linux. */
export const ownLibc =
  process.platform !== 'linux' ? '' : libc.header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
export const ownPlatform = `${process.platform}-${process.arch}`;
/** As prebuildify would call this platform's file. */
export const ownFile = `prebuilds/${ownPlatform}/clmbr${ownLibc === '' ? '' : `.${ownLibc}`}.node`;

/** What the script of a staged package prints. */
export interface Attempt {
  /** `loaded` or the kind of failure. */
  problem: string;
  message: string;
  path: string | null;
  kernels: string[];
}

/** Of the test runner's own process; they would change what is found. */
const settings = new Set(['NODE_OPTIONS', 'CLMBR_CPU', 'CLMBR_PREBUILD', 'LIBC', 'PREBUILDS_ONLY']);

const script = `
const [, , index, variant, setUp] = process.argv;
if (setUp) await (0, eval)(setUp);
const { describeAddon, loadAddon } = await import(index);
let result = { problem: 'loaded', message: '', kernels: [] };
try {
  result.kernels = loadAddon(variant).system().kernels;
} catch (error) {
  if (error.name !== 'ClmbrError' || error.code !== 'ADDON_UNAVAILABLE') throw error;
  result = { ...result, problem: error.details.problem, message: error.message };
}
const report = describeAddon(variant);
if ((report.error ?? '') !== result.message) throw new Error('describeAddon says ' + report.error);
console.log(JSON.stringify({ ...result, path: report.path }));
`;

export interface TryOptions {
  variant?: 'default' | 'cuda';
  /** JavaScript that runs before the package is imported. */
  setUp?: string;
  /** Options of Node. */
  node?: string[];
  env?: Record<string, string>;
  /** A program that starts Node, with its arguments. */
  through?: string[];
  /** Folder of the program that loads the package. */
  from?: string;
}

/** The package as it is now, as if it were installed, without an addon. */
export class StagedPackage {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(project: string): Promise<StagedPackage> {
    const folder = join(project, 'node_modules', 'clmbr');
    await mkdir(folder, { recursive: true });
    // Another user, who may read nothing that is not shared, has to get this far.
    await chmod(project, 0o755);
    await transpileLibrary(folder);
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'clmbr', version, type: 'module' }));
    await writeFile(join(project, 'load.mjs'), script);
    return new StagedPackage(folder);
  }

  /** Removes all addons, then puts these files (content, or the path of one to copy) at their paths. */
  async carry(files: Record<string, Buffer | string>): Promise<void> {
    await rm(join(this.folder, 'prebuilds'), { recursive: true, force: true });
    await rm(join(this.folder, 'build'), { recursive: true, force: true });
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(this.folder, path)), { recursive: true });
      if (typeof content === 'string') await copyFile(content, join(this.folder, path));
      else await writeFile(join(this.folder, path), content);
    }
  }

  /** Loads a variant in a process of its own. Fails where that process dies. */
  async load({
    variant = 'default',
    setUp = '',
    node = [],
    env,
    through = [],
    from,
  }: TryOptions = {}): Promise<Attempt> {
    const program = join(from ?? dirname(dirname(this.folder)), 'load.mjs');
    if (from !== undefined) await writeFile(program, script);
    const index = pathToFileURL(join(this.folder, 'dist', 'native', 'index.js')).href;
    const arguments_ = [...node, program, index, variant, setUp];
    const { ended, stdout, stderr } = await this.#start([...through, process.execPath, ...arguments_], env);
    if (ended !== 0) throw new Error(`the process ended with ${String(ended)}: ${stderr}`);
    return JSON.parse(stdout) as Attempt;
  }

  /** Runs the command line of the package. */
  clmbr(args: string[], env?: Record<string, string>) {
    return this.#start([process.execPath, join(this.folder, 'dist', 'cli', 'main.js'), ...args], env);
  }

  async #start([command, ...args]: string[], env: Record<string, string> = {}) {
    const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !settings.has(name)));
    const child = spawn(command!, args, { env: { ...own, ...env }, cwd: this.folder });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = await new Promise<string | number | null>((resolve, reject) => {
      child.on('error', reject).on('close', (code, signal) => resolve(signal ?? code));
    });
    return { ended, stdout, stderr };
  }
}

export const hasCompiler = spawnSync('cc', ['--version']).status === 0;

/** Compiles C into a shared library. */
export async function compile(target: string, code: string, ...options: string[]): Promise<string> {
  const source = `${target}.c`;
  await writeFile(source, code);
  const args = ['-shared', '-fPIC', '-nostdlib', '-w', '-o', target, source, ...options];
  const { status, stderr } = spawnSync('cc', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cc: ${stderr}`);
  return target;
}

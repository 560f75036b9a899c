import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const root = fileURLToPath(new URL('../../../', import.meta.url));

const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  rewriteRelativeImportExtensions: true,
  verbatimModuleSyntax: true,
};

/** lib/ and the fuzzing code as JavaScript in a folder of its own, so that child processes run the sources as they are now. */
export class Program {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<Program> {
    const folder = await mkdtemp(join(tmpdir(), 'clmbr-fuzz-'));
    for (const part of ['lib', 'test/support', 'test/tokenizer', 'test/fuzz/support']) await transpile(part, folder);
    // The addon is looked for in the package that the code belongs to.
    await copyFile(join(root, 'package.json'), join(folder, 'package.json'));
    for (const name of ['node_modules', 'build', 'prebuilds'])
      await symlink(join(root, name), join(folder, name), 'junction');
    return new Program(folder);
  }

  get worker(): string {
    return join(this.folder, 'test/fuzz/support/worker.js');
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function transpile(part: string, folder: string): Promise<void> {
  const names = await readdir(join(root, part), { recursive: true });
  for (const name of names.filter((one) => one.endsWith('.ts') && !/\.(test|fuzz)\.ts$/.test(one))) {
    const { outputText } = ts.transpileModule(await readFile(join(root, part, name), 'utf8'), { compilerOptions });
    const target = join(folder, part, name.replace(/\.ts$/, '.js'));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, outputText);
  }
}

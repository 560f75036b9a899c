import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Writes lib/ as JavaScript into `folder`/dist, for tests that run a child process on the code as it is now. Takes about a
 * second; nothing is type-checked.
 */
export async function transpileLibrary(folder: string): Promise<string> {
  const compilerOptions: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    rewriteRelativeImportExtensions: true,
    verbatimModuleSyntax: true,
  };
  const names = await readdir(join(root, 'lib'), { recursive: true });
  for (const name of names.filter((one) => one.endsWith('.ts'))) {
    const { outputText } = ts.transpileModule(await readFile(join(root, 'lib', name), 'utf8'), { compilerOptions });
    const target = join(folder, 'dist', name.replace(/\.ts$/, '.js'));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, outputText);
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  return join(folder, 'dist');
}

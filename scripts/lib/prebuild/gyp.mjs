// Stands in for node-gyp: prebuildify starts it in the folder where it then looks for build/Release/*.node. node-gyp's
// arguments (rebuild --target=... --arch=...) say less than pack.mjs does in CLMBR_PREBUILD.
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { StepError, main } from '../report.mjs';
import { crossCompile } from './compile.mjs';
import { compileHere } from './native.mjs';
import { addonName } from './targets.mjs';

await main(async () => {
  if (!process.env.CLMBR_PREBUILD) throw new StepError('This script is started by npm run prebuild.');
  const { target, options } = JSON.parse(process.env.CLMBR_PREBUILD);
  const addon = options.zig ? await crossCompile(target, options) : await compileHere(target, options);
  const output = path.resolve('build', 'Release');
  mkdirSync(output, { recursive: true });
  copyFileSync(addon, path.join(output, `${addonName}.node`));
});

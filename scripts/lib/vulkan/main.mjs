import { statSync } from 'node:fs';
import { installDependencies } from '../dependencies.mjs';
import { fetchGgml } from '../ggml-fetch.mjs';
import { countNativeTests } from '../native-tests.mjs';
import { inRoot } from '../paths.mjs';
import { cleanEnvironment, run } from '../process.mjs';
import { say, step } from '../report.mjs';
import { checkNode } from '../tools.mjs';
import { buildVulkan } from './build.mjs';
import { softwareDevice, vulkanSettings } from './toolchain.mjs';

/**
 * The command behind npm run test:vulkan.
 * @param {string[]} words
 */
export async function testVulkan(words) {
  checkNode();
  await installDependencies();
  const ggml = await fetchGgml();
  const settings = await vulkanSettings();
  const { addon, tests, prebuild } = await step('addon and native tests with Vulkan: build', () =>
    buildVulkan(ggml, settings),
  );
  say(`  ${addon}: ${(statSync(addon).size / 1e6).toFixed(1)} MB`);
  const given = process.env.CLMBR_VULKAN_DEVICE;
  const device = given ?? 'vulkan:0';
  const env = {
    ...cleanEnvironment(),
    ...(given === undefined && (await softwareDevice())),
    CLMBR_PREBUILD: prebuild,
    CLMBR_TEST_DEVICE: device,
  };
  const total = { passed: 0, failed: 0, skipped: 0 };
  const add = (counts) => {
    for (const name of Object.keys(total)) total[name] += counts[name] ?? 0;
  };
  if (words.length === 0) add(await runNativeTests(tests, env));
  else say('> native tests: left out, because tests were selected');
  // Loaded only now: it needs the dependencies.
  const { runVitest } = await import('../vitest.mjs');
  say(`> tests on ${device}: vitest`);
  add(await runVitest(['--config', inRoot('test', 'vulkan', 'vitest.config.ts'), ...words], env));
  say(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed === 0 ? 0 : 1;
}

async function runNativeTests(program, env) {
  say(`> native tests on ${env.CLMBR_TEST_DEVICE}`);
  const start = Date.now();
  const result = await run(program, ['device'], { env, onLine: (line) => say(`  ${line}`) });
  const { passed, failed } = countNativeTests(result);
  say(`  ${passed} passed, ${failed} failed in ${((Date.now() - start) / 1000).toFixed(1)} s`);
  return { passed, failed };
}

import { installDependencies } from './dependencies.mjs';
import { fetchGgml, hasGgml } from './ggml-fetch.mjs';
import { buildNative, hasAddon } from './native-build.mjs';
import { checkNode, checkTools } from './tools.mjs';
import { buildTypes } from './types-build.mjs';

/** Everything between a bare clone and a package that runs; each part does nothing where nothing changed. */
export async function prepare() {
  checkNode();
  // Before the long steps, and all at once: nobody likes to learn of a second missing tool after the first.
  checkTools([...(hasGgml() ? [] : ['git']), ...(hasAddon() ? [] : ['native'])]);
  await installDependencies();
  await buildNative(await fetchGgml());
  await buildTypes();
}

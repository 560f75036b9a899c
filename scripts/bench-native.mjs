// Builds bench/native beside the addon; its program prints what the cores can do (see bench/native/main.cc). Prints the program's path.
import { fetchGgml } from './lib/ggml-fetch.mjs';
import { buildNativeBench } from './lib/native-build.mjs';
import { main } from './lib/report.mjs';

await main(async () => {
  process.stdout.write(`${await buildNativeBench(await fetchGgml())}\n`);
  return 0;
});

// npm run build: dependencies, ggml's sources, the native addon and dist/, as far as they are not up to date.
import { prepare } from './lib/prepare.mjs';
import { main } from './lib/report.mjs';

await main(prepare);

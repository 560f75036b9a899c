// npm run test:vulkan [-- words]: builds the addon and the native tests with ggml's Vulkan backend and runs the device graph
// on Mesa's software device, or on a real one: CLMBR_VULKAN_DEVICE=vulkan:1. The words select tests. See docs/devices.md.
import { main } from './lib/report.mjs';
import { testVulkan } from './lib/vulkan/main.mjs';

await main(() => testVulkan(process.argv.slice(2)));

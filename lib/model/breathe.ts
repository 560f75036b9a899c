/** How long JavaScript works before it lets the event loop run, in milliseconds. */
const stretch = 6;

let since = 0;

/** Lets the event loop run when JavaScript has worked for some milliseconds; costs next to nothing otherwise. */
export async function breathe(): Promise<void> {
  const now = performance.now();
  if (now - since < stretch) return;
  await new Promise((resolve) => setImmediate(resolve));
  since = performance.now();
}

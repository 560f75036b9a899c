import type { LoadFacts } from './load-facts.ts';

/** How to get an addon that was made on and for this machine. */
export function rebuild({ variant }: LoadFacts): string {
  return variant === 'cuda'
    ? 'build an addon with CUDA on this machine with `npx clmbr build --cuda`'
    : 'build it on this machine with `npx clmbr build` (needs CMake and a C++17 compiler)';
}

/** How to get the files anew: npm takes a package of the same version for installed, whatever its files hold. */
export function reinstall({ variant, version }: LoadFacts): string {
  const name = variant === 'cuda' ? 'clmbr-cuda' : 'clmbr';
  return `delete node_modules/${name} and run \`npm install ${name}@${version}\``;
}

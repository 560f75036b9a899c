import type { AbsentBackend, Device } from './diagnosis.ts';

interface Found {
  platform: string;
  /** Compiled into an addon that was loaded. */
  backends: ReadonlySet<string>;
  devices: readonly Device[];
  /** Why the CUDA addon cannot be loaded; null where it is loaded. */
  cudaError: string | null;
}

const withoutDevice = {
  cuda: "CUDA is compiled in, but no device was found: install NVIDIA's driver, or in a container start it with the GPU (docker run --gpus all).",
  metal: 'Metal is compiled in, but macOS offers no device, as in some virtual machines.',
  vulkan: 'Vulkan is compiled in, but no driver offers a device: install the Vulkan driver of the GPU (its ICD).',
};

/** Why each kind of GPU cannot be used; nothing for those that can. */
export function absentBackends(found: Found): AbsentBackend[] {
  return (['cuda', 'metal', 'vulkan'] as const)
    .filter((backend) => !found.devices.some((device) => device.backend === backend))
    .map((backend) => ({ backend, reason: reasonOf(backend, found) }));
}

function reasonOf(backend: AbsentBackend['backend'], { platform, backends, cudaError }: Found): string {
  if (backends.has(backend)) return withoutDevice[backend];
  switch (backend) {
    case 'cuda':
      if (platform === 'darwin') return 'There is no CUDA on macOS.';
      return cudaError ?? 'CUDA is not compiled into the addon; `npx clmbr build --cuda` makes one that has it.';
    case 'metal':
      if (platform !== 'darwin') return 'Metal exists on macOS only.';
      return 'Metal is not compiled into the addon; `npx clmbr build --metal` makes one that has it.';
    case 'vulkan':
      return 'Vulkan is not compiled into the addon; `npx clmbr build --vulkan` makes one that has it.';
  }
}

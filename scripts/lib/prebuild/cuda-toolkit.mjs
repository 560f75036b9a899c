// The CUDA toolkit that clmbr-cuda is built with: the system's, or NVIDIA's wheels from PyPI laid out as a toolkit.
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { StepError, say, step } from '../report.mjs';
import { inCross, mustRun } from './zig.mjs';

/** Compiler, headers and the libraries that are linked against; 1.1 GB. */
const wheels = {
  'nvidia-cuda-nvcc': '13.5.37',
  'nvidia-cuda-crt': '13.5.37',
  'nvidia-cuda-nvrtc': '13.5.37',
  'nvidia-cuda-runtime': '13.5.37',
  'nvidia-nvvm': '13.5.37',
  'nvidia-cuda-cccl': '13.3.5.0.6',
  'nvidia-cublas': '13.10.0.20',
};

/** Folder of a toolkit with bin/nvcc: CUDAToolkit_ROOT or CUDA_PATH where one is set, else made from the wheels. */
export async function findToolkit() {
  const own = process.env.CUDAToolkit_ROOT ?? process.env.CUDA_PATH;
  if (own) {
    if (!existsSync(path.join(own, 'bin', 'nvcc')))
      throw new StepError(`CUDAToolkit_ROOT is ${own}, where there is no bin/nvcc.`);
    say(`> CUDA toolkit: ${own}`);
    return path.resolve(own);
  }
  const folder = inCross('cuda-13.5');
  const toolkit = path.join(folder, 'toolkit');
  if (existsSync(path.join(toolkit, 'lib'))) return toolkit;
  return step('CUDA toolkit: pip (1.1 GB)', async () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    await mustRun('python3', ['-m', 'venv', path.join(folder, 'venv')]);
    const python = path.join(folder, 'venv', 'bin', 'python');
    const requirements = path.join(folder, 'requirements.txt');
    writeFileSync(
      requirements,
      Object.entries(wheels)
        .map(([name, version]) => `${name}==${version}\n`)
        .join(''),
    );
    const quiet = ['--quiet', '--disable-pip-version-check', '--no-deps'];
    await mustRun(python, ['-m', 'pip', 'install', ...quiet, '-r', requirements]);
    const where = 'import os, nvidia; print(os.path.join(list(nvidia.__path__)[0], "cu13"))';
    return layOut((await mustRun(python, ['-c', where])).trim(), toolkit);
  });
}

/** The wheels keep libraries as libX.so.N in lib/; a toolkit has lib64/, and libX.so to link against. */
function layOut(installed, toolkit) {
  const libraries = path.join(toolkit, 'lib64');
  mkdirSync(libraries, { recursive: true });
  for (const name of ['bin', 'include', 'nvvm']) symlinkSync(path.join(installed, name), path.join(toolkit, name));
  for (const name of readdirSync(path.join(installed, 'lib'))) {
    const file = path.join(installed, 'lib', name);
    symlinkSync(file, path.join(libraries, name));
    const [base, version] = name.split('.so.');
    if (version !== undefined && !version.includes('.')) symlinkSync(file, path.join(libraries, `${base}.so`));
  }
  // Last: what exists is complete.
  symlinkSync('lib64', path.join(toolkit, 'lib'));
  return toolkit;
}

/** What a process sees of the addon with Vulkan where the driver is there, hidden, missing or broken. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { convertedModel } from '../support/model.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { transpileLibrary } from '../support/transpile.ts';

interface Outcome {
  device?: string;
  code?: string;
  message?: string;
}

interface Seen {
  vulkan: Outcome;
  auto: Outcome;
  devices: { name: string; backend: string; memoryTotal: number }[];
  absent: { backend: string; reason: string }[];
}

// Models are left undisposed: the process must end well all the same.
const script = `
import { diagnose, loadModel } from './dist/index.js';
const load = async (device) => {
  try {
    const model = await loadModel(process.argv[2], { device, threads: 1 });
    const { data } = await model.embed([[7, 8, 9]]);
    if (!data.every(Number.isFinite)) throw new Error('numbers that are none');
    return { device: model.info.device };
  } catch ({ code, message }) {
    return { code, message };
  }
};
const [vulkan, auto] = [await load('vulkan'), await load('auto')];
const { devices, absent } = diagnose();
console.log(JSON.stringify({ vulkan, auto, devices, absent }));
`;

// Only the software device can be taken away.
describe.runIf(process.env.GGML_VK_VISIBLE_DEVICES === '0')('the driver', async () => {
  const folder = await temporaryFolder();
  let model: string;

  beforeAll(async () => {
    await transpileLibrary(folder);
    await writeFile(join(folder, 'package.json'), '{ "name": "clmbr", "version": "0.0.0", "type": "module" }');
    await writeFile(join(folder, 'look.js'), script);
    ({ path: model } = await convertedModel(folder, 'model'));
  });

  /** Runs the script; a variable that is undefined is not there. */
  async function look(changes: NodeJS.ProcessEnv): Promise<Seen> {
    const env = Object.fromEntries(Object.entries({ ...process.env, ...changes }).filter(([, v]) => v !== undefined));
    delete env.NODE_OPTIONS;
    const { status, stdout, stderr } = await new Promise<{ status: unknown; stdout: string; stderr: string }>((done) =>
      execFile(process.execPath, [join(folder, 'look.js'), model], { env }, (error, stdout, stderr) =>
        done({ status: error === null ? 0 : (error.signal ?? error.code), stdout, stderr }),
      ),
    );
    expect(stderr).toBe('');
    expect(status).toBe(0);
    return JSON.parse(stdout) as Seen;
  }

  function expectNone({ vulkan, auto, devices, absent }: Seen): void {
    expect(vulkan.code).toBe('DEVICE_UNAVAILABLE');
    expect(vulkan.message).toContain('is its driver installed');
    expect(auto).toEqual({ device: 'cpu' });
    expect(devices.map(({ backend }) => backend)).toEqual(['cpu']);
    expect(absent.find(({ backend }) => backend === 'vulkan')?.reason).toContain('install the Vulkan driver');
  }

  it('is used where it is', async () => {
    const { vulkan, auto, devices, absent } = await look({});
    expect(vulkan).toEqual({ device: 'vulkan:0' });
    expect(auto).toEqual({ device: 'vulkan:0' });
    expect(devices.find(({ backend }) => backend === 'vulkan')).toMatchObject({ name: 'vulkan:0' });
    expect(devices.find(({ backend }) => backend === 'vulkan')!.memoryTotal).toBeGreaterThan(1e8);
    expect(absent.map(({ backend }) => backend)).not.toContain('vulkan');
  });

  it('of a processor is not taken unless it is named', async () => {
    expectNone(await look({ GGML_VK_VISIBLE_DEVICES: undefined }));
  });

  it('may be missing', async () => {
    const nowhere = join(folder, 'nowhere.json');
    expectNone(await look({ VK_ICD_FILENAMES: nowhere, VK_DRIVER_FILES: nowhere, GGML_VK_VISIBLE_DEVICES: undefined }));
    expectNone(await look({ VK_ICD_FILENAMES: nowhere, VK_DRIVER_FILES: nowhere }));
  });

  it('may be no driver', async () => {
    const broken = join(folder, 'broken.json');
    const library = join(folder, 'broken.so');
    await writeFile(library, 'no library');
    const icd = { file_format_version: '1.0.0', ICD: { library_path: library, api_version: '1.3.0' } };
    await writeFile(broken, JSON.stringify(icd));
    expectNone(await look({ VK_ICD_FILENAMES: broken, VK_DRIVER_FILES: broken }));
  });
});

import { beforeAll, describe, expect, it } from 'vitest';
import { loadModel } from '../../lib/model/index.ts';
import type { ClmbrModel } from '../../lib/model/index.ts';
import { addon } from '../../lib/native/index.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { convertedModel, modelLoader, randomIds } from '../support/model.ts';
import { difference, rowsOf } from '../support/numbers.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { device, tolerance } from './device.ts';

describe(`calls on ${device}`, async () => {
  const folder = await temporaryFolder();
  const load = modelLoader();
  let path: string;
  let on: ClmbrModel;
  let patients: number[][];

  beforeAll(async () => {
    ({ path } = await convertedModel(folder, 'model', { contextLength: 512, dtype: 'F32' }));
    on = await load(path, { device, threads: 1 });
    patients = Array.from({ length: 30 }, (_, i) => randomIds(i, 1 + ((i * 37) % 200), on.info.vocabularySize));
  });

  it('says where and how it computes', () => {
    expect(on.info.device.split(':')[0]).toBe(device.split(':')[0]);
    expect(['flash', 'softmax']).toContain(on.info.attention);
    expect(on.info.bytes).toBeGreaterThan(4 * on.info.parameters);
    if (device === 'cpu-reference') expect(on.info.compute).toBe('f32');
  });

  it('shares passes between calls that overlap', async () => {
    const expected = rowsOf(await on.embed(patients));
    const results = await Promise.all(patients.map((patient) => on.embed([patient])));
    expect(
      difference(
        results.map((result) => result.row(0)),
        expected,
      ).error,
    ).toBeLessThanOrEqual(tolerance('F32'));
  });

  it('is aborted, and goes on', async () => {
    const long = Array.from({ length: 60 }, (_, i) => randomIds(i, 512, on.info.vocabularySize));
    const controller = new AbortController();
    const call = on.embed(long, { signal: controller.signal, pooling: 'mean' });
    setTimeout(() => controller.abort(new Error('enough')), 30);
    await expect(call).rejects.toThrow('enough');
    expect((await on.embed(patients)).rows).toHaveLength(30);
  });

  it('is left in the middle of a future, and goes on', async () => {
    for await (const future of on.generate(patients[3]!, { samples: 50, maxEvents: 300 })) {
      expect(future.events.length).toBeGreaterThan(0);
      break;
    }
    expect((await on.embed(patients)).rows).toHaveLength(30);
  });

  it('is disposed of while it works', async () => {
    const model = await loadModel(path, { device, threads: 1 });
    const call = model.embed(Array.from({ length: 40 }, () => randomIds(1, 500, 40)));
    const future = model.generate(patients[0]!, { samples: 4, maxEvents: 200 }).next();
    await Promise.all([
      model.dispose(),
      expectClmbrError(call, 'DISPOSED'),
      future.then(
        () => undefined,
        (error: unknown) => expect((error as { code?: string }).code).toBe('DISPOSED'),
      ),
    ]);
    await expectClmbrError(model.embed(patients), 'DISPOSED');
  });

  it('loads the weights of one file once', async () => {
    const other = await load(path, { device, threads: 1 });
    const [first, second] = await Promise.all([on.embed(patients), other.embed(patients)]);
    expect(difference(rowsOf(second), rowsOf(first)).error).toBeLessThanOrEqual(tolerance('F32'));
  });
});

describe('devices that are asked for', async () => {
  const folder = await temporaryFolder();
  const { path } = await convertedModel(folder, 'model');
  const { backends, devices } = addon().system();

  it.each(['tpu', 'cuda:', 'cpu:0', 'cuda:-1', 'auto:1', ''])('refuses the name %j', async (name) => {
    await expectClmbrError(loadModel(path, { device: name as 'cpu' }), 'INVALID_ARGUMENT', 'device', "'cuda:1'");
  });

  it.runIf(backends.length === 0).each(['cuda', 'cuda:1', 'metal', 'vulkan:0'] as const)(
    'explains why there is no %s',
    async (name) => {
      const backend = name.split(':')[0]!;
      await expectClmbrError(loadModel(path, { device: name }), 'DEVICE_UNAVAILABLE', `npx clmbr build --${backend}`);
    },
  );

  it.each(backends)('explains that there is no %s of that number', async (backend) => {
    await expectClmbrError(loadModel(path, { device: `${backend}:99` as 'cuda:99' }), 'DEVICE_UNAVAILABLE', ':99');
  });

  it.runIf(devices.length === 0)('takes the processor where there is nothing better', async () => {
    const model = await loadModel(path);
    expect(model.info).toMatchObject({ device: 'cpu', attention: 'kernel', compute: 'f32' });
    await model.dispose();
  });
});

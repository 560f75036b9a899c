import { beforeAll, describe, expect, it } from 'vitest';
import type { ClmbrModel, GenerateOptions } from '../../lib/model/index.ts';
import type { Patient } from '../../lib/types.ts';
import { bare, unknown } from '../support/events.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { convertedModel, modelLoader } from '../support/model.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { collect } from './futures.ts';

const folder = await temporaryFolder();
const load = modelLoader();
let model: ClmbrModel;
let plain: ClmbrModel;
beforeAll(async () => {
  const shape = { vocabularySize: 40, contextLength: 32 };
  model = await load((await convertedModel(folder, 'model', { ...shape, vocabulary: true })).path, { threads: 1 });
  plain = await load((await convertedModel(folder, 'plain', shape)).path, { threads: 1 });
});

describe('generate refuses at once', () => {
  it.each<[Record<string, unknown>, ...string[]]>([
    [{ samples: 0 }, 'samples', 'from 1', '0'],
    [{ samples: 1.5 }, 'samples', '1.5'],
    [{ maxEvents: 0 }, 'maxEvents', 'from 1'],
    [{ temperature: NaN }, 'temperature', 'NaN'],
    [{ temperature: -0.1 }, 'temperature', '-0.1'],
    [{ temperature: Infinity }, 'temperature', 'Infinity'],
    [{ topK: 41 }, 'topK', '40'],
    [{ topK: -1 }, 'topK'],
    [{ topP: 1.01 }, 'topP'],
    [{ topP: NaN }, 'topP', 'NaN'],
    [{ seed: 1.5 }, 'seed', '1.5'],
    [{ seed: 'x' }, 'seed', 'a string'],
    [{ minEvents: -1 }, 'minEvents'],
    [{ whenFull: 'grow' }, 'whenFull', "'roll'", 'grow'],
    [{ logProbs: 1 }, 'logProbs'],
    [{ onEvent: 1 }, 'onEvent'],
    [{ signal: {} }, 'signal'],
    [{ specialTokens: 'yes' }, 'specialTokens'],
    [{ minCoverage: 2 }, 'minCoverage'],
    [{ forbid: [40] }, 'forbid[0]', '39', '40'],
    [{ forbid: [1, null] }, 'forbid[1]', 'null'],
    [{ forbid: {} }, 'forbid', 'codes or token ids'],
    [{ stop: 'TEST/99' }, 'stop', 'TEST/99', 'TEST/9'],
    [{ stop: ['TEST/1', 'test//2'] }, 'stop[1]', 'test//2', "'TEST/2'"],
    [{ stop: '' }, 'stop'],
    [{ forbid: Array.from({ length: 40 }, (_, i) => i) }, 'forbid', '40 tokens', 'none'],
    [{ forbid: Array.from({ length: 38 }, (_, i) => i + 2), stop: 0, minEvents: 1 }, 'minEvents', 'none'],
    [{ maxTokens: 5 }, 'maxEvents', 'maxTokens'],
  ])('%o', async (options, ...texts) => {
    await expectClmbrError(() => model.generate([7], options as GenerateOptions), 'INVALID_ARGUMENT', ...texts);
  });

  it('codes where there is no vocabulary', async () => {
    await expectClmbrError(() => plain.generate([7], { stop: 'TEST/1' }), 'NO_VOCABULARY', 'stop');
  });
});

describe('generate refuses from the iterator', () => {
  const refused = (patient: unknown, options?: GenerateOptions, by = model) =>
    collect(by.generate(patient as Patient, options));

  it('a patient without anything to go on from, and says what helps', async () => {
    for (const patient of [[], [unknown()], { events: [bare(1, '2021-01-01')], at: ['2020-01-01'] }])
      await expectClmbrError(refused(patient), 'INVALID_INPUT', 'at least one event', 'specialTokens');
  });

  it('what is no patient', async () => {
    await expectClmbrError(refused(7), 'INVALID_INPUT', 'patient: ');
    await expectClmbrError(refused([{ code: 5 }]), 'INVALID_INPUT', 'patient.events[0]');
    await expectClmbrError(refused([7, 40]), 'INVALID_INPUT', 'patient.ids[1]', '39');
    await expectClmbrError(refused([bare(1)], {}, plain), 'NO_VOCABULARY', 'patient');
  });

  it('several label times', async () => {
    const events = [bare(1, '2020-01-01')];
    await expectClmbrError(refused({ events, at: ['2020-01-01', '2021-01-01'] }), 'INVALID_INPUT', 'found 2', '`at`');
    await expectClmbrError(refused([7], { at: '2020-01-01' }), 'INVALID_INPUT', 'token ids');
    await expectClmbrError(refused(events, { at: 'yesterday' }), 'INVALID_INPUT', 'patient.at[0]');
  });

  it('a patient that the vocabulary hardly knows', async () => {
    const events = Array.from({ length: 200 }, (_, i) => (i === 0 ? bare(1) : unknown()));
    await expectClmbrError(refused(events), 'LOW_COVERAGE', 'NOWHERE/1');
    expect(await refused(events, { minCoverage: 0, maxEvents: 1 })).toHaveLength(1);
  });
});

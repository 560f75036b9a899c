import type { GenerateOptions, RiskOptions } from '../../../../lib/model/index.ts';
import { demand } from '../judge.ts';
import type { Random } from '../random.ts';
import { checkFutures } from './check-futures.ts';
import { naiveRows } from './naive-rows.ts';
import { randomPatient } from './random-patients.ts';
import type { Call, Subject } from './subject.ts';
import { codesIn, collect, someIds, spoilOptions } from './subject.ts';

export function drawGenerate(random: Random, subject: Subject): Call {
  const { model, alone, contextLength } = subject;
  const { vocabularySize } = model.info;
  const drawn = randomPatient(random, vocabularySize, codesIn(subject));
  const maxEvents = random.pick([1, 3, random.between(2, contextLength + 9)]);
  const options: GenerateOptions = {
    samples: random.between(1, 5),
    maxEvents,
    seed: random.below(1000),
    temperature: random.pick([0, 0.5, 1, 1, 3]),
    topK: random.pick([0, 0, 1, 5, vocabularySize]),
    topP: random.pick([1, 1, 0.9, 0.01, 0]),
    minEvents: random.pick([0, 0, 2, 9]),
    forbid: random.chance(0.3) ? someIds(random, vocabularySize) : [],
    stop: random.chance(0.3) ? someIds(random, vocabularySize) : [],
    whenFull: random.pick(['stop', 'roll'] as const),
    specialTokens: random.chance(0.3),
  };
  const rows = naiveRows(drawn, null, false, subject);
  const known = [...(options.specialTokens ? [5, 0] : []), ...(rows[0]?.ids ?? [])];
  const room = maxEvents < contextLength ? contextLength - maxEvents : Math.floor((3 * contextLength) / 4);
  const history = known.slice(-room);
  const refused = rows.length !== 1 || history.length === 0;
  const checked = { ...options };
  const wrong = spoilOptions(random, options);
  return {
    spoilt: wrong || refused,
    run: async (signal) => {
      const futures = await collect(model.generate(drawn.patient, { ...options, ...(signal && { signal }) }));
      demand(!refused || wrong, 'a history of nothing was continued');
      return async () => {
        if (!wrong) await checkFutures(futures, history, checked, { model: alone, contextLength });
      };
    },
  };
}

/** A risk is the share of the futures, drawn by the same seed, in which the outcome comes. */
export function drawRisk(random: Random, subject: Subject): Call {
  const { model } = subject;
  const { vocabularySize } = model.info;
  const { patient } = randomPatient(random, vocabularySize, 0);
  const options: RiskOptions = {
    outcome: someIds(random, vocabularySize),
    horizon: random.between(1, 12),
    samples: random.between(1, 9),
    stop: random.chance(0.4) ? someIds(random, vocabularySize) : [],
    seed: random.below(1000),
    specialTokens: true,
    estimator: random.pick(['monte-carlo', 'monte-carlo', 'scope', 'reach'] as const),
  };
  const { outcome, horizon, samples, stop, seed, estimator } = options;
  const wrong = spoilOptions(random, options);
  return {
    spoilt: wrong,
    run: async (signal) => {
      const { probability, interval } = await model.risk(patient, { ...options, ...(signal && { signal }) });
      return async () => {
        demand(interval[0] <= interval[1], `an interval from ${interval[0]} to ${interval[1]}`);
        if (wrong || estimator === 'scope') return;
        demand(probability! >= 0 && probability! <= 1, `a risk of ${probability}`);
        if (estimator === 'reach') return;
        const ends = [...(outcome as number[]), ...(stop as number[])];
        const futures = await collect(
          model.generate(patient, {
            samples: samples!,
            maxEvents: horizon,
            stop: ends,
            seed: seed!,
            specialTokens: true,
          }),
        );
        const hits = futures.filter(({ events }) => (outcome as number[]).includes(events.at(-1)!.id)).length;
        demand(probability === hits / samples!, `a risk of ${probability}, with ${hits} of ${samples} futures`);
      };
    },
  };
}

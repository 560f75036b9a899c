import type { ClmbrModel } from '../../lib/model/index.ts';

export interface Question {
  outcome: readonly number[];
  stop: readonly number[];
  horizon: number;
}

export interface ExactAnswer {
  /** That an outcome comes within the horizon and before anything that ends the future. */
  probability: number;
  /** Outcome events within the horizon. */
  expectedCount: number;
}

/** Walks through every future there is, with the next-event probabilities of `evaluate`. */
export async function exactRisk(model: ClmbrModel, history: number[], question: Question): Promise<ExactAnswer> {
  const { outcome, horizon } = question;
  const ends = new Set([...question.stop, 1]);
  const size = model.info.vocabularySize;
  let [probability, expectedCount] = [0, 0];
  let open = [{ future: [] as number[], weight: 1, isFree: true }];
  for (let event = 0; event < horizon; event++) {
    const histories = open.map(({ future }) => [...history, ...future]);
    const { patients } = await model.evaluate(histories, { topK: size });
    const grown: typeof open = [];
    for (const [i, { future, weight, isFree }] of open.entries()) {
      for (const { id, probability: p } of patients[i]!.next) {
        const isHit = outcome.includes(id);
        if (isHit) expectedCount += weight * p;
        if (isHit && isFree) probability += weight * p;
        if (!ends.has(id)) grown.push({ future: [...future, id], weight: weight * p, isFree: isFree && !isHit });
      }
    }
    open = grown;
  }
  return { probability, expectedCount };
}

/** Patients of one length each, as token ids: any model takes them. */
function timelines(vocabularySize, contextLength) {
  const lengths = [1, 7, 40, 200, Math.floor(contextLength / 2), contextLength, contextLength + 37];
  return lengths.map((length, p) =>
    Array.from({ length }, (_, i) => 7 + (((i * 2654435761 + p * 40503) >>> 0) % (vocabularySize - 7))),
  );
}

/**
 * Calls that give the same result each time.
 * @returns {{name: string, kind: string, run: (signal?: AbortSignal) => Promise<unknown>}[]}
 */
export function makeCalls(model) {
  const { vocabularySize, contextLength } = model.info;
  const patients = timelines(vocabularySize, contextLength);
  const calls = [];
  const add = (kind, name, run) => calls.push({ kind, name: `${kind} ${name}`, run });
  for (const [i, ids] of patients.entries()) {
    for (const pooling of ['last', 'mean', 'max']) {
      add('embed', `${i} ${pooling}`, async (signal) => plain(await model.embed([ids], { pooling, signal })));
    }
    add('evaluate', `${i}`, (signal) => model.evaluate([ids], { topK: 5, surprisal: true, signal }));
    add('generate', `${i}`, (signal) =>
      collect(model.generate({ ids }, { samples: 2, maxEvents: 8, seed: i, signal })),
    );
  }
  add('embed', 'all', async (signal) => plain(await model.embed(patients, { signal })));
  add('stream', 'all', async (signal) => (await collect(model.embedStream(patients, { signal }))).map(plain));
  const outcome = [10, 11, 12];
  const short = { ids: patients[2] };
  add('risk', 'short', (signal) => model.risk(short, { outcome, horizon: 8, samples: 16, seed: 3, signal }));
  return calls;
}

const plain = ({ data, rows, dimensions }) => ({ data, rows, dimensions });

async function collect(items) {
  const all = [];
  for await (const item of items) all.push(item);
  return all;
}

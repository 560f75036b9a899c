import { basename } from 'node:path';
import type { EmbeddingRun, Json, OutputRows, PlacedPatient } from '../../lib/index.ts';
import { runMetadata, shuffled } from '../output/rows.ts';

/** A patient with a few labels. */
export interface FakePatient {
  id: bigint;
  times: bigint[];
}

export const dimensions = 6;

/** Patients whose labels are scattered over the label file. */
export async function* fakePatients(
  count: number,
  onRead?: (id: bigint) => void,
): AsyncGenerator<PlacedPatient<FakePatient>> {
  const rowsOf = (i: number) => (i * 7) % 5;
  const total = Array.from({ length: count }, (_, i) => rowsOf(i)).reduce((a, b) => a + b, 0);
  const places = shuffled(total);
  let next = 0;
  for (let i = 0; i < count; i++) {
    onRead?.(BigInt(i));
    const positions = places.slice(next, next + rowsOf(i));
    next += rowsOf(i);
    const times = positions.map((place) => BigInt(place) * 1000n);
    yield { patient: { id: BigInt(i), times }, positions, labels: positions.map((place) => place % 2 === 0) };
  }
}

/** A model whose answers come in chunks of its own, over the bounds of patients. */
export async function* fakeEmbed(patients: AsyncIterable<FakePatient>, rowsAtOnce = 7): AsyncGenerator<OutputRows> {
  let rows: { id: bigint; time: bigint }[] = [];
  const answer = (): OutputRows => ({
    dimensions,
    data: Float32Array.from({ length: rows.length * dimensions }, (_, i) =>
      Math.sin(Number(rows[Math.floor(i / dimensions)]!.time) + (i % dimensions)),
    ),
    rows: rows.map(({ id, time }) => ({ patient: id, time, tokens: Number(id), truncated: false, dropped: 1 })),
  });
  for await (const { id, times } of patients) {
    rows.push(...times.map((time) => ({ id, time })));
    while (rows.length >= rowsAtOnce) {
      const rest = rows.splice(rowsAtOnce);
      yield answer();
      rows = rest;
    }
  }
  if (rows.length > 0) yield answer();
}

/** Counts patients that it prepared, so that a resumed run counts as one that went through. */
export class FakeCounters {
  total = 0;
  chunks = 0;
  #since = 0;

  count(): void {
    this.#since++;
  }

  take(): Json {
    const patients = this.#since;
    this.#since = 0;
    return { patients };
  }

  add(state: Json): void {
    this.total += (state as { patients: number }).patients;
    this.chunks++;
  }
}

export function fakeRun(
  target: string,
  count: number,
): EmbeddingRun<FakePatient, FakePatient> & { counters: FakeCounters } {
  const counters = new FakeCounters();
  return {
    target,
    identity: { model: 'ab', pooling: 'last', patients: count },
    patients: fakePatients(count),
    prepare: (patient) => {
      counters.count();
      return patient;
    },
    embed: (patients) => fakeEmbed(patients),
    output: { dimensions, label: 'boolean_value', metadata: { ...runMetadata, report: `${basename(target)}.json` } },
    counters,
    chunkPatients: 10,
  };
}

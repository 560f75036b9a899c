// Vectors and next events of two made-up patients: node examples/embed-patients.mjs [MODEL.gguf]
import { fileURLToPath } from 'node:url';
import { loadModel } from 'clmbr';

const demo = fileURLToPath(new URL('demo/demo.gguf', import.meta.url));
const model = await loadModel(process.argv[2] ?? demo);
try {
  const patients = [
    {
      id: 'with diabetes',
      events: [
        { code: 'Gender/F', start: '1956-03-02' },
        { code: 'SNOMED/44054006', start: '2018-11-05T10:00:00Z' },
        { code: 'LOINC/4548-4', value: 8.1, unit: '%', start: '2019-05-11T09:30:00Z' },
        { code: 'RxNorm/6809', start: '2019-05-11T09:41:00Z' },
      ],
      at: ['2019-01-01', '2020-01-01'],
    },
    {
      id: 'newly seen',
      events: [
        { code: 'Gender/M', start: '1988-07-20' },
        { code: 'Visit/OP', start: '2021-02-03' },
      ],
    },
  ];

  const vectors = await model.embed(patients);
  for (const [i, { patient, tokens }] of vectors.rows.entries()) {
    const start = Array.from(vectors.row(i).subarray(0, 4), (x) => x.toFixed(3)).join(' ');
    console.log(`${patient}, ${tokens} tokens: ${start} ... (${vectors.dimensions} numbers)`);
  }

  const { patients: evaluated } = await model.evaluate(patients, { topK: 3 });
  for (const { id, next } of evaluated) {
    console.log(`\nNext for the patient ${id}:`);
    for (const { probability, id: token } of next) {
      console.log(`  ${(100 * probability).toFixed(1)} %  ${model.tokenizer.describe(token)}`);
    }
  }
} finally {
  await model.dispose();
}

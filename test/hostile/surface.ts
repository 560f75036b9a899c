import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import * as clmbr from '../../lib/index.ts';

/** A public function with arguments that are right, and the names of its options. */
export interface Call {
  run: (...args: never[]) => unknown;
  /** Made anew for each call. */
  args: () => unknown[];
  /** Which argument holds options, and what they can be named. */
  options?: { at: number; names: readonly string[] };
  /** The argument that is iterated over. */
  iterates?: number;
}

/** Exports that are no functions of a caller: data, errors, and classes that only this package makes. */
export const notCalled = [
  ...['ClmbrError', 'ClmbrModel', 'EmbedResult', 'EventEncoder', 'LabelTable', 'Vocabulary'],
  ...[
    'convertTypes',
    'dataKinds',
    'labelRules',
    'mappingRules',
    'maxPatientLineBytes',
    'outputFormats',
    'version',
    'diagnose',
  ],
];

const patientOptions = ['specialTokens', 'at', 'overflow', 'minCoverage', 'signal', 'onProgress'];
const events = () => [
  { code: 'SNOMED/3950001', value: 1, start: 5n },
  { code: 'LOINC/8480-6', value: 120, start: 6n },
];
const patient = () => ({ id: 1, events: events() });
async function* stream() {
  yield patient();
}
async function* drain(patients: AsyncIterable<unknown>) {
  for await (const _ of patients) yield rows();
}
const rows = () => ({
  data: new Float32Array(2),
  dimensions: 2,
  rows: [{ patient: 1, time: null, tokens: 1, truncated: false, dropped: 0 }],
});

export interface Scene {
  model: clmbr.ClmbrModel;
  tokenizer: clmbr.ClmbrTokenizer;
  /** A folder to write to. */
  folder: string;
  /** A checkpoint, a GGUF file, JSON Lines, a Parquet file of MEDS, a FHIR bundle, labels, codes and units in CSV, an output. */
  files: Record<
    'checkpoint' | 'gguf' | 'jsonl' | 'meds' | 'fhir' | 'omop' | 'labels' | 'codes' | 'units' | 'npy',
    string
  >;
  inspection: clmbr.ModelInspection;
  labels: clmbr.LabelTable;
  report: clmbr.DataReport;
}

let outputs = 0;

export function surface({ model, tokenizer, folder, files, inspection, labels, report }: Scene): Record<string, Call> {
  const out = (ending: string) => join(folder, `out-${outputs++}.${ending}`);
  const sink = () => new Writable({ write: (_chunk, _encoding, done) => done() });
  const read = (path: string): Omit<Call, 'run'> => ({
    args: () => [path, {}],
    options: { at: 1, names: ['signal', 'skipBadRows', 'zeroAsMissing'] },
  });
  const sampling = ['at', 'specialTokens', 'seed', 'minCoverage', 'signal'];
  return {
    loadModel: {
      run: clmbr.loadModel,
      args: () => [files.gguf, {}],
      options: {
        at: 1,
        names: [
          'device',
          'compute',
          'minCosine',
          'calibration',
          'threads',
          'maxBatchTokens',
          'tokenizer',
          'sha256',
          'signal',
          'onProgress',
        ],
      },
    },
    'model.embed': {
      run: model.embed.bind(model),
      args: () => [[patient()], {}],
      options: { at: 1, names: [...patientOptions, 'pooling', 'representation', 'recipe', 'sharing'] },
    },
    'model.embedStream': {
      iterates: 0,
      run: model.embedStream.bind(model),
      args: () => [[patient()], {}],
      options: { at: 1, names: [...patientOptions, 'pooling', 'sharing'] },
    },
    'model.evaluate': {
      run: model.evaluate.bind(model),
      args: () => [[patient()], {}],
      options: { at: 1, names: [...patientOptions, 'topK', 'targets', 'surprisal', 'perplexity', 'stride'] },
    },
    'model.generate': {
      run: model.generate.bind(model),
      args: () => [patient(), { maxEvents: 2 }],
      options: {
        at: 1,
        names: [
          ...sampling,
          'samples',
          'temperature',
          'topK',
          'topP',
          'forbid',
          'stop',
          'minEvents',
          'logProbs',
          'whenFull',
          'onEvent',
        ],
      },
    },
    'model.risk': {
      run: model.risk.bind(model),
      args: () => [patient(), { outcome: 'SNOMED/3950001', horizon: 2, samples: 2 }],
      options: { at: 1, names: [...sampling, 'outcome', 'horizon', 'samples'] },
    },
    'tokenizer.encode': {
      run: tokenizer.encode.bind(tokenizer),
      args: () => [patient(), {}],
      options: { at: 1, names: ['specialTokens'] },
    },
    'tokenizer.tokens': {
      run: tokenizer.tokens.bind(tokenizer),
      args: () => [patient(), {}],
      options: { at: 1, names: ['specialTokens'] },
    },
    'tokenizer.encoder': {
      run: tokenizer.encoder.bind(tokenizer),
      args: () => [{}],
      options: { at: 0, names: ['capacity', 'onDrop'] },
    },
    'encoder.push': {
      run: (event: never, at: never) => tokenizer.encoder().push(event, at),
      args: () => [events()[0], 0],
    },
    'tokenizer.decode': { run: tokenizer.decode.bind(tokenizer), args: () => [[7, 8]] },
    'tokenizer.describe': { run: tokenizer.describe.bind(tokenizer), args: () => [7] },
    'tokenizer.idsOf': { run: tokenizer.idsOf.bind(tokenizer), args: () => ['LOINC/8480-6'] },
    'tokenizer.search': {
      run: tokenizer.search.bind(tokenizer),
      args: () => ['pressure', {}],
      options: { at: 1, names: ['limit'] },
    },
    'tokenizer.suggest': { run: tokenizer.suggest.bind(tokenizer), args: () => ['LOINC/8480', 2] },
    ClmbrTokenizer: {
      run: (vocabulary: never) => new clmbr.ClmbrTokenizer(vocabulary),
      args: () => [tokenizer.vocabulary],
    },
    'ClmbrTokenizer.load': { run: clmbr.ClmbrTokenizer.load, args: () => [files.gguf] },
    convertCheckpoint: {
      run: clmbr.convertCheckpoint,
      args: () => [{ source: files.checkpoint, target: out('gguf') }],
      options: {
        at: 0,
        names: ['source', 'target', 'type', 'ropeOriginalContext', 'overwrite', 'onProgress', 'signal'],
      },
    },
    inspectModel: {
      run: clmbr.inspectModel,
      args: () => [files.gguf, {}],
      options: { at: 1, names: ['digest', 'signal', 'onProgress'] },
    },
    formatInspection: { run: clmbr.formatInspection, args: () => [inspection] },
    openDataset: {
      run: clmbr.openDataset,
      args: () => [files.jsonl, {}],
      options: { at: 1, names: ['signal', 'skipBadRows', 'zeroAsMissing', 'input'] },
    },
    openJsonl: {
      run: clmbr.openJsonl,
      args: () => [files.jsonl, {}],
      options: { at: 1, names: ['signal', 'skipBadRows', 'zeroAsMissing', 'stream'] },
    },
    openMeds: {
      run: clmbr.openMeds,
      args: () => [files.meds, {}],
      options: { at: 1, names: ['signal', 'skipBadRows', 'zeroAsMissing', 'split'] },
    },
    openFhir: { run: clmbr.openFhir, ...read(files.fhir) },
    openOmop: { run: clmbr.openOmop, ...read(files.omop) },
    readPatientsJsonl: {
      iterates: 0,
      run: clmbr.readPatientsJsonl,
      args: () => [Readable.from([Buffer.from('{"ids": [7]}\n')]), {}],
      options: { at: 1, names: ['signal', 'name', 'onBytes', 'maxLineBytes', 'onBadLine'] },
    },
    readLabels: { run: clmbr.readLabels, args: () => [files.labels, {}], options: { at: 1, names: ['signal'] } },
    readCodeTable: { run: clmbr.readCodeTable, args: () => [files.codes] },
    readUnitRules: { run: clmbr.readUnitRules, args: () => [files.units] },
    withLabels: {
      iterates: 0,
      run: (...args: Parameters<typeof clmbr.withLabels>) => clmbr.withLabels(...args).patients,
      args: () => [stream(), labels, {}],
      options: { at: 2, names: ['skipUnknown', 'expects'] },
    },
    withLabelRule: {
      iterates: 0,
      run: (...args: Parameters<typeof clmbr.withLabelRule>) => clmbr.withLabelRule(...args).patients,
      args: () => [stream(), 'first'],
    },
    labelTimes: { run: clmbr.labelTimes, args: () => [events(), 'every-visit'] },
    'labels.find': { run: labels.find.bind(labels), args: () => [1] },
    CodeMapper: {
      run: (...args: ConstructorParameters<typeof clmbr.CodeMapper>) => new clmbr.CodeMapper(...args).map(events()),
      args: () => [tokenizer, {}],
      options: { at: 1, names: ['candidates', 'table', 'units', 'exactCase'] },
    },
    'mapper.map': { run: (list: never) => new clmbr.CodeMapper(tokenizer).map(list), args: () => [events()] },
    'mapper.mapPatient': {
      run: (one: never) => new clmbr.CodeMapper(tokenizer).mapPatient(one),
      args: () => [patient()],
    },
    CodeTable: { run: (from: never, to: never) => new clmbr.CodeTable().add(from, to), args: () => ['a', 'b'] },
    UnitRules: {
      run: (rule: never) => new clmbr.UnitRules().add(rule),
      args: () => [{ code: 'a', unit: 'b', factor: 1, offset: 0 }],
      options: { at: 0, names: ['code', 'unit', 'factor', 'offset'] },
    },
    openMapper: {
      run: clmbr.openMapper,
      args: () => [tokenizer, { patients: () => [] }, {}],
      options: { at: 2, names: ['map', 'convertUnits', 'exactCase'] },
    },
    ReportCollector: {
      run: (...args: ConstructorParameters<typeof clmbr.ReportCollector>) => {
        const collector = new clmbr.ReportCollector(...args);
        collector.addPatient({ id: 1, events: events() });
        return collector.report();
      },
      args: () => [tokenizer, {}],
      options: { at: 1, names: ['dataset', 'mapper', 'contextLength', 'top'] },
    },
    'collector.addPatient': {
      run: (one: never) => new clmbr.ReportCollector(tokenizer).addPatient(one),
      args: () => [patient()],
    },
    formatReport: { run: clmbr.formatReport, args: () => [report] },
    writeReport: { run: clmbr.writeReport, args: () => [out('json'), report] },
    CoverageCounter: {
      run: (options: never) => new clmbr.CoverageCounter(options).report(),
      args: () => [{}],
      options: { at: 0, names: ['top', 'maxCodes'] },
    },
    'counter.addPatient': { run: (count: never) => new clmbr.CoverageCounter().addPatient(count), args: () => [1] },
    'counter.addDropped': {
      run: (code: never, reason: never) => new clmbr.CoverageCounter().addDropped(code, reason),
      args: () => ['a', 'unknown-code'],
    },
    'counter.addEmptyRows': { run: (count: never) => new clmbr.CoverageCounter().addEmptyRows(count), args: () => [1] },
    'counter.merge': {
      run: (other: never) => new clmbr.CoverageCounter().merge(other),
      args: () => [new clmbr.CoverageCounter()],
    },
    createRowWriter: {
      run: async (...args: Parameters<typeof clmbr.createRowWriter>) =>
        (await clmbr.createRowWriter(...args)).discard(),
      args: () => [out('npz'), {}],
      options: { at: 1, names: ['overwrite', 'dimensions', 'label', 'rowNumbers', 'metadata'] },
    },
    createFutureWriter: {
      run: async (...args: Parameters<typeof clmbr.createFutureWriter>) =>
        (await clmbr.createFutureWriter(...args)).discard(),
      args: () => [out('jsonl'), {}],
      options: { at: 1, names: ['overwrite', 'metadata'] },
    },
    JsonlStream: {
      run: (stream: never, options: never) => new clmbr.JsonlStream(stream, options),
      args: () => [sink(), {}],
      options: { at: 1, names: ['label'] },
    },
    'writer.append': { run: (given: never) => new clmbr.JsonlStream(sink()).append(given), args: () => [rows()] },
    mergeOutputs: {
      run: clmbr.mergeOutputs,
      args: () => [[files.npy], out('npy'), {}],
      options: { at: 2, names: ['overwrite', 'signal'] },
    },
    outputFormatOf: { run: clmbr.outputFormatOf, args: () => ['a.npz'] },
    reportPathOf: { run: clmbr.reportPathOf, args: () => ['a.npz'] },
    runFolderOf: { run: clmbr.runFolderOf, args: () => ['a.npz'] },
    timeText: { run: clmbr.timeText, args: () => [5n] },
    pythonFloat: { run: clmbr.pythonFloat, args: () => [1.5] },
    isDeviceName: { run: clmbr.isDeviceName, args: () => ['cpu'] },
    extractFeatures: {
      run: clmbr.extractFeatures,
      args: () => [model, files.jsonl, { out: out('npz') }],
      options: {
        at: 2,
        names: [
          'out',
          'input',
          'skipBadRows',
          'zeroAsMissing',
          'map',
          'convertUnits',
          'exactCase',
          'labels',
          'at',
          'skipUnknown',
          'shard',
          'unfinished',
          'onProgress',
          'pooling',
          'overflow',
          'minCoverage',
          'signal',
        ],
      },
    },
    runEmbedding: {
      run: clmbr.runEmbedding,
      args: () => [
        {
          target: out('npz'),
          identity: {},
          patients: [],
          prepare: (one: unknown) => one,
          embed: drain,
          output: { dimensions: 2 },
        },
      ],
      options: {
        at: 0,
        names: [
          'target',
          'identity',
          'patients',
          'prepare',
          'embed',
          'output',
          'unfinished',
          'counters',
          'onProgress',
          'signal',
          'chunkPatients',
        ],
      },
    },
    inOrder: {
      iterates: 0,
      run: clmbr.inOrder,
      args: () => [stream(), { index: 0, count: 1 }],
      options: { at: 1, names: ['index', 'count'] },
    },
    onlyShard: {
      iterates: 0,
      run: clmbr.onlyShard,
      args: () => [stream(), { index: 0, count: 1 }],
      options: { at: 1, names: ['index', 'count'] },
    },
    fingerprintFiles: { run: clmbr.fingerprintFiles, args: () => [[files.gguf], folder] },
    shardOf: { run: clmbr.shardOf, args: () => [1, 2] },
    parseShard: { run: clmbr.parseShard, args: () => ['0/2'] },
  };
}

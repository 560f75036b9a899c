import type { Command } from 'commander';
import type { DroppedEvent, Encoding, Event } from '../../index.ts';
import { ClmbrTokenizer, CoverageCounter } from '../../index.ts';
import { coverageText, reasonText } from '../coverage.ts';
import type { Listed } from '../data.ts';
import { openPatients } from '../data.ts';
import type { Context, DataFlags } from '../options.ts';
import { addDataFlags } from '../options.ts';
import { note, print } from '../output.ts';
import { clean, colors, count, fit, jsonId, terminalWidth } from '../text.ts';

interface TokenizeFlags extends DataFlags {
  json: boolean;
  specialTokens: boolean;
}

export function addTokenize(program: Command, { signal }: Context): void {
  const command = program
    .command('tokenize')
    .summary('print the tokens of patients')
    .description('Prints the tokens of each patient and which events gave none, and why.')
    .argument('<vocabulary>', 'a converted model.gguf, or a tokenizer_config.json')
    .argument('<data>', 'JSON Lines (- is standard input), a MEDS, OMOP or FHIR folder')
    .option('--special-tokens', '[CLS] [BOS] before and [EOS] after the tokens, as the model card does', false)
    .option('--json', 'print JSON Lines: an object for each patient', false);
  addDataFlags(command).action((path: string, data: string, flags: TokenizeFlags) =>
    tokenize(path, data, flags, signal),
  );
}

async function tokenize(path: string, data: string, flags: TokenizeFlags, signal: AbortSignal): Promise<void> {
  const tokenizer = await ClmbrTokenizer.load(path);
  const coverage = new CoverageCounter();
  const { patients } = await openPatients(data, tokenizer, flags, signal);
  for await (const patient of patients) {
    const tokenized =
      'events' in patient ? fromEvents(patient, tokenizer, flags, coverage) : fromIds(patient, tokenizer);
    await print(flags.json ? asJson(tokenized) : asTable(tokenized));
  }
  const mapped = flags.quiet ? null : coverageText(coverage.report());
  if (mapped !== null) note(`clmbr: ${mapped}`);
}

interface Tokenized {
  id: string | number | bigint;
  ids: number[];
  tokens: string[];
  /** Index of each token's event, -1 for special tokens. */
  events: number[] | null;
  dropped: (DroppedEvent & { code: string })[];
}

function fromEvents(
  { id, events }: { id?: Listed['id']; events: readonly Event[] },
  tokenizer: ClmbrTokenizer,
  { specialTokens }: TokenizeFlags,
  coverage: CoverageCounter,
): Tokenized {
  const encoding: Encoding = tokenizer.encode(events, { specialTokens });
  coverage.addPatient(events.length);
  const dropped = encoding.dropped.map((drop) => ({ ...drop, code: events[drop.event]!.code }));
  for (const { code, reason } of dropped) coverage.addDropped(code, reason);
  const ids = [...encoding.ids];
  return { id: id!, ids, tokens: textsOf(ids, tokenizer), events: [...encoding.events], dropped };
}

function fromIds(patient: Exclude<Listed, { events: unknown }>, tokenizer: ClmbrTokenizer): Tokenized {
  const ids = [...patient.ids];
  return { id: patient.id, ids, tokens: textsOf(ids, tokenizer), events: null, dropped: [] };
}

function textsOf(ids: number[], tokenizer: ClmbrTokenizer): string[] {
  return tokenizer.decode(ids).map(({ token }) => token);
}

function asJson({ id, ...rest }: Tokenized): string {
  return `{"patient":${jsonId(id)},${JSON.stringify(rest).slice(1)}\n`;
}

function asTable({ id, ids, tokens, events, dropped }: Tokenized): string {
  const facts = [
    count(ids.length, 'token'),
    ...(dropped.length > 0 ? [`${count(dropped.length, 'event')} dropped`] : []),
  ];
  const width = terminalWidth() - 18;
  const rows = ids.map((tokenId, i) => {
    const event = events === null || events[i] === -1 ? '' : String(events[i]);
    return `  ${colors.dim(event.padStart(6))}  ${String(tokenId).padStart(6)}  ${fit(clean(tokens[i]!), width)}`;
  });
  const lost = dropped.map(
    ({ event, code, reason }) =>
      `  ${colors.dim(String(event).padStart(6))}  ${colors.yellow('     -')}  ${fit(clean(code), width)} ${colors.dim(`(${reasonText(reason)})`)}`,
  );
  return [
    `${colors.bold(`patient ${clean(String(id))}`)} ${colors.dim(`(${facts.join(', ')})`)}`,
    colors.dim(`  ${' event'}      id  token`),
    ...rows,
    ...lost,
    '',
    '',
  ].join('\n');
}

import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { DataEvent, DataPatient } from '../dataset.ts';
import type { Concepts } from './concepts.ts';
import { rowState } from './fields.ts';
import { eventTables, personRanks, tableOfRank } from './tables.ts';

/** Stands for no time. A null in every other row would cost more than it tells. */
const noTime = -(2n ** 63n);

const textFirst = eventTables.filter((table) => table.textFirst === true).map(({ rank }) => rank);

/**
 * SQL for all events, patients one after the other by `person_id`, each beginning with a row of birth: birth, gender, ethnicity and race, then by
 * start and concept, then by table and the number of the row.
 */
export function timelineQuery(hasKeys: boolean): string {
  const afterPerson = Object.keys(personRanks).length;
  // Where rows have no numbers, what they say orders them, so that the order is the same each time.
  const rest = hasKeys ? '' : ', e."end", e.number, e.text, v.code, e.unit, u.code';
  const text = `CASE WHEN e.rank IN (${textFirst.join(', ')}) THEN coalesce(e.text, v.name) ELSE coalesce(v.name, e.text) END`;
  // Decoding a text, even an empty one, is the dearest part of a row: `says` tells where there is one.
  return `SELECT e.person, e.rank, coalesce(e.start, ${noTime}), coalesce(e."end", ${noTime}), coalesce(p.id, -1), coalesce(e.number, 'NaN'),
      coalesce(u.number, -1),
      CAST(CASE WHEN ${text} IS NULL THEN 0 ELSE ${says.text} END + CASE WHEN u.number IS NULL AND e.unit IS NOT NULL THEN ${says.unit} ELSE 0 END
        AS UTINYINT),
      coalesce(${text}, ''), CASE WHEN u.number IS NULL THEN coalesce(e.unit, '') ELSE '' END
    FROM event e LEFT JOIN pair p ON p.source = e.source AND p.concept = e.concept AND p.ordered_by IS NOT NULL
    LEFT JOIN (SELECT id, code, nullif(name, '') AS name FROM concept) v ON v.id = e.value_concept
    LEFT JOIN concept u ON u.id = e.unit_concept
    WHERE e.state = ${rowState.good} AND (p.id IS NOT NULL OR e.rank = ${personRanks.birth})
    ORDER BY e.person, least(e.rank, ${afterPerson}), e.start, p.ordered_by, e.rank, e.key${rest}`;
}

/** What the texts of a row are. */
const says = { text: 1, unit: 2 };

// No two parts that take the same characters side by side: on a long text their splits would be tried one after the other.
const plainNumber = /^\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*$/i;

/** Puts rows of {@link timelineQuery} together to patients. */
export class Timelines {
  readonly #concepts: Pick<Concepts, 'codes' | 'bareCodes'>;
  readonly #zeroAsMissing: boolean;
  readonly #texts = new Interned();
  #id: DataPatient['id'] | undefined;
  #events: DataEvent[] = [];

  constructor(concepts: Pick<Concepts, 'codes' | 'bareCodes'>, zeroAsMissing: boolean) {
    this.#concepts = concepts;
    this.#zeroAsMissing = zeroAsMissing;
  }

  /** Gives the patients that end in a piece. */
  *add(chunk: DuckDBDataChunk): Generator<DataPatient, void, undefined> {
    const columns = Array.from({ length: chunk.columnCount }, (_, i): unknown => chunk.getColumnVector(i));
    const [persons, ranks, starts, ends, codes, numbers, units, saying, texts, unitTexts] = columns as Columns;
    const rows = chunk.rowCount;
    for (let row = 0; row < rows; row++) {
      const rank = ranks.getItem(row);
      if (rank === personRanks.birth) {
        yield* this.end();
        const id = persons.getItem(row);
        this.#id = id >= minSafe && id <= maxSafe ? Number(id) : id;
      }
      const known = this.#concepts.codes[codes.getItem(row)];
      if (known === undefined) continue;
      const said = saying.getItem(row);
      const text = (said & says.text) === 0 ? '' : texts.getItem(row);
      const unit = (said & says.unit) === 0 ? this.#concepts.bareCodes[units.getItem(row)] : unitTexts.getItem(row);
      const start = starts.getItem(row);
      const end = ends.getItem(row);
      const event: DataEvent = {
        code: known.code,
        value: this.#value(numbers.getItem(row), text),
        unit: unit === undefined ? null : this.#texts.get(unit),
        start: start === noTime ? null : start,
        end: end === noTime ? null : end,
        omopTable: tableOfRank[rank]!,
      };
      if (known.candidates !== undefined) event.candidates = known.candidates;
      this.#events.push(event);
    }
  }

  /** Gives the last patient. */
  *end(): Generator<DataPatient, void, undefined> {
    if (this.#id !== undefined) yield { id: this.#id, events: this.#events };
    this.#id = undefined;
    this.#events = [];
  }

  #value(number: number, text: string): number | string | null {
    if (this.#counts(number)) return Math.fround(number);
    if (text === '') return null;
    if (!plainNumber.test(text)) return this.#texts.get(text);
    // A laboratory's text that is a number, as FEMR reads it.
    const parsed = Number(text);
    return this.#counts(parsed) ? Math.fround(parsed) : null;
  }

  #counts(number: number): boolean {
    return !Number.isNaN(number) && !(number === 0 && this.#zeroAsMissing);
  }
}

const minSafe = BigInt(Number.MIN_SAFE_INTEGER);
const maxSafe = BigInt(Number.MAX_SAFE_INTEGER);

interface Column<T> {
  getItem(row: number): T;
}
type Columns = [
  persons: Column<bigint>,
  ranks: Column<number>,
  starts: Column<bigint>,
  ends: Column<bigint>,
  codes: Column<number>,
  numbers: Column<number>,
  units: Column<number>,
  saying: Column<number>,
  texts: Column<string>,
  unitTexts: Column<string>,
];

/** Units and categories repeat: one string for all that are equal, up to a bound, since free text does not. */
class Interned {
  readonly #known = new Map<string, string>();

  get(text: string): string {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    if (this.#known.size < maxInterned) this.#known.set(text, text);
    return text;
  }
}
const maxInterned = 10_000;

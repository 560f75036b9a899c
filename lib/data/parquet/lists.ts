import type { HeapBudget } from '../../heap.ts';
import type { PageReader, RawPage } from './pages.ts';
import { readIndices, presence } from './column-reader.ts';
import { ParquetFault } from './errors.ts';
import type { ParquetColumn } from './schema.ts';
import type { TextTable } from './texts.ts';
import { readValues } from './values.ts';

/** What an entry takes beside its characters: the text, its place, and its share of what is made of it. */
const textBytes = 130;

/**
 * All rows of a column of lists of texts in one row group; gaps within lists are left out, and no list is an empty one. Undefined where there are
 * more than `most`.
 */
export async function readTextLists(
  pages: PageReader,
  column: ParquetColumn,
  table: TextTable,
  most: number,
  budget: HeapBudget,
): Promise<string[][] | undefined> {
  if (column.maxRepetition > 1) throw new ParquetFault('lists within lists');
  const rows: string[][] = [];
  let open: string[] | undefined;
  // A list that grew has room to spare, several times of what it holds.
  const end = () => open !== undefined && rows.push(open.slice());
  let dictionary: string[] = [];
  for (let page = await pages.next(); page !== undefined; page = await pages.next()) {
    if (page.isDictionary) {
      dictionary = readTexts(page, page.count, column, table);
      continue;
    }
    const present = presence(page.definition, column.maxDefinition);
    const count = present?.count ?? page.count;
    const isIndexed = page.encoding === 'RLE_DICTIONARY' || page.encoding === 'PLAIN_DICTIONARY';
    const texts = isIndexed
      ? Array.from(readIndices(page, count), (index) => dictionary[index])
      : readTexts(page, count, column, table);
    for (let i = 0, k = 0; i < page.count; i++) {
      // A row goes on where its entry is repeated, also from one page to the next.
      if (page.repetition === undefined || page.repetition[i] === 0) {
        end();
        if (rows.length === most) return undefined;
        open = [];
      }
      if (present !== undefined && present.flags[i] !== 1) continue;
      const text = texts[k++];
      if (text === undefined) throw new ParquetFault('a page that goes beyond its dictionary');
      if (open === undefined) throw new ParquetFault('a list without a beginning');
      budget.take(textBytes + text.length);
      open.push(text);
    }
  }
  end();
  return rows;
}

function readTexts(page: RawPage, count: number, column: ParquetColumn, table: TextTable): string[] {
  const values = readValues(page.values, column.element, page.encoding, count, table);
  if (!Array.isArray(values)) throw new ParquetFault('values that are not text');
  return values;
}

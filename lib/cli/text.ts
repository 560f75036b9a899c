import picocolors from 'picocolors';

/** Colours for standard output; none where it is no terminal or `NO_COLOR` is set. */
export const colors = picocolors.createColors(wantsColor());

function wantsColor(): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '0') return true;
  return process.stdout.isTTY && TERM !== 'dumb';
}

/** Columns of the terminal, within what can be read. */
export function terminalWidth(): number {
  return Math.min(Math.max(process.stdout.columns ?? 80, 40), 120);
}

/** Control characters could change what the terminal shows. */
export function clean(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\ufffd');
}

export function oneLine(text: string): string {
  return clean(text.replace(/\s*\n\s*/g, ' ').trim());
}

/** At most `width` characters; what is cut ends in an ellipsis. */
export function fit(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** With thousands separated. */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** A share from 0 to 1 as `12.3 %`. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** `7 rows`, `1 row`. */
export function count(value: number, noun: string): string {
  return `${grouped(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** A bar of at most `width` characters for a share from 0 to 1, in eighths. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const rest = eighths % 8;
  return ('█'.repeat(Math.floor(eighths / 8)) + (rest === 0 ? '' : ' ▏▎▍▌▋▊▉'[rest])).padEnd(width);
}

/** A patient's identifier in JSON; a bigint keeps all its digits. */
export function jsonId(id: string | number | bigint): string {
  return typeof id === 'string' ? JSON.stringify(id) : String(id);
}

/** `45 s`, `12 min`, `3 h 20 min`. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

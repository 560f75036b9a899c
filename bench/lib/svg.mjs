// Bar charts as SVG: groups of horizontal bars, one colour for each contender.

const escape = (text) =>
  String(text).replace(/[&<>"']/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[c]);

/** Told apart by colour-blind readers too (Okabe and Ito), ours first. */
const colours = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#b8a800', '#666666', '#a6761d'];

/** The largest round number that divides `most` into about four steps. */
export function gridStep(most) {
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [5, 2, 1].map((factor) => factor * power).find((step) => step <= rough) ?? power;
}

export const shortNumber = (value) =>
  value >= 1000 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));

/**
 * `groups`: [{ label, bars: [{ name, value, least, most }] }]. A thin line across a bar's end spans what was measured. Contenders keep
 * their colour over all groups.
 */
export function barChart({ title, unit, groups }) {
  const names = [...new Set(groups.flatMap(({ bars }) => bars.map(({ name }) => name)))];
  const [width, left, right, bar, gap, top] = [760, 230, 80, 17, 16, 54];
  const most = Math.max(...groups.flatMap(({ bars }) => bars.map((b) => b.most ?? b.value)));
  const x = (value) => left + ((width - left - right) * value) / most;
  const parts = [];
  let y = top;
  for (const { label, bars } of groups) {
    parts.push(`<text x="12" y="${y + 13}" font-weight="bold">${escape(label)}</text>`);
    y += bar;
    for (const { name, value, least, most: largest } of bars) {
      const colour = colours[names.indexOf(name) % colours.length];
      const middle = y + bar / 2;
      parts.push(
        `<text x="${left - 8}" y="${y + 13}" text-anchor="end">${escape(name)}</text>`,
        `<rect x="${left}" y="${y + 1}" width="${(x(value) - left).toFixed(1)}" height="${bar - 3}" fill="${colour}"/>`,
      );
      if (least !== undefined && largest !== undefined && largest > least) {
        parts.push(
          `<path d="M${x(least).toFixed(1)} ${middle}H${x(largest).toFixed(1)}" stroke="#222" stroke-width="1.2"/>`,
        );
      }
      const end = x(Math.max(value, largest ?? 0)) + 6;
      parts.push(`<text x="${end.toFixed(1)}" y="${y + 13}">${shortNumber(value)}</text>`);
      y += bar;
    }
    y += gap;
  }
  const grid = [];
  const step = gridStep(most);
  for (let value = 0; value <= most * 1.0001; value += step) {
    const at = x(value).toFixed(1);
    grid.push(
      `<path d="M${at} ${top - 6}V${y - gap + 4}" stroke="#ddd"/>`,
      `<text x="${at}" y="${y + 6}" text-anchor="middle" fill="#555">${shortNumber(value)}</text>`,
    );
  }
  const height = y + 30;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="12" y="24" font-size="15" font-weight="bold">${escape(title)}</text>`,
    ...grid,
    ...parts,
    `<text x="${(left + width - right) / 2}" y="${height - 8}" text-anchor="middle" fill="#555">${escape(unit)}</text>`,
    '</svg>',
    '',
  ].join('\n');
}

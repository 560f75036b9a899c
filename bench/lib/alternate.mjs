// Contenders taking turns: what else the machine does falls on all of them alike.

export const say = (text) => process.stderr.write(`${text}\n`);

/**
 * Calls `measure(name, round)` for every name, round after round. It returns figures by label; the result has, for each label, the
 * figures of every name in the order of the rounds. A contender that fails is left out of the following rounds, and said so.
 */
export function alternate(names, rounds, measure) {
  const rows = {};
  const failures = {};
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      if (failures[name] !== undefined) continue;
      let figures;
      try {
        figures = measure(name, round);
      } catch (error) {
        failures[name] = error.message.slice(0, 300);
        say(`  ${name}: ${failures[name]}`);
        continue;
      }
      for (const [label, value] of Object.entries(figures ?? {})) {
        rows[label] ??= {};
        (rows[label][name] ??= []).push(value);
      }
      const shown = Object.entries(figures ?? {}).map(([label, value]) => `${label} ${Number(value.toPrecision(4))}`);
      say(`  round ${round + 1}, ${name}: ${shown.join(', ')}`);
    }
  }
  return { rows, failures };
}

/** A section with the rounds of an earlier run of it before its own. */
export function appendRounds(earlier, section) {
  const rows = structuredClone(earlier?.rows ?? {});
  for (const [label, row] of Object.entries(section.rows)) {
    rows[label] ??= {};
    for (const [name, values] of Object.entries(row)) rows[label][name] = [...(rows[label][name] ?? []), ...values];
  }
  return { ...section, rows };
}

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { findCycle, findPath, importsOf, includesOf, resolveFile } from './imports.mjs';
import * as defaultRules from './layer-rules.mjs';

const isScript = (file) => /\.(ts|mts|mjs|js)$/.test(file);

/**
 * Checks the tree under `root` against the rules.
 * @param {string} root
 * @param {string[]} files relative to the root, with forward slashes
 * @param {typeof defaultRules} rules
 * @returns {{problems: string[], checked: number}}
 */
export function checkLayers(root, files, rules = defaultRules) {
  const tree = { root, files, known: new Set(files), rules, text: new Map() };
  const read = (file) => {
    if (!tree.text.has(file)) tree.text.set(file, readFileSync(path.join(root, file), 'utf8'));
    return tree.text.get(file);
  };
  tree.read = read;
  const problems = [
    ...checkNothingMissing(tree),
    ...checkLib(tree),
    ...checkUsers(tree),
    ...checkAddon(tree),
    ...checkNative(tree),
    ...checkBudgets(tree),
  ];
  return { problems: [...new Set(problems)], checked: tree.text.size };
}

/** A rule that matches no file has stopped checking: it fails instead of passing. */
function checkNothingMissing({ files, rules }) {
  const folders = [
    'lib/native',
    ...rules.users,
    ...rules.nativeRules,
    ...rules.withoutAddon.map((part) => `lib/${part}`),
  ];
  return [...new Set(folders.map((rule) => rule.folder ?? rule))]
    .filter((folder) => !files.some((file) => file.startsWith(`${folder}/`)))
    .map((folder) => `${folder}: there is no file to check; if it moved, scripts/lib/layer-rules.mjs must follow`);
}

/** Part of lib/ that a file belongs to: lib/gguf/reader.ts and lib/gguf.ts are both "gguf". */
const partOf = (file) => file.split('/')[1].replace(/\.ts$/, '');

function tierOf(part, tiers) {
  return tiers.findIndex((members) =>
    members.some((member) => (member.endsWith('*') ? part.startsWith(member.slice(0, -1)) : part === member)),
  );
}

function checkLib({ files, known, read, rules }) {
  const problems = [];
  const graph = new Map();
  const sources = files.filter((file) => file.startsWith('lib/') && isScript(file));
  for (const file of sources) {
    const tier = tierOf(partOf(file), rules.tiers);
    if (tier < 0)
      problems.push(`${file}: lib/${partOf(file)} has no place in the table of scripts/lib/layer-rules.mjs`);
    const targets = importsOf(read(file)).map((specifier) => resolveFile(file, specifier, known));
    graph.set(
      file,
      targets.filter((target) => target?.startsWith('lib/')),
    );
    for (const target of targets) {
      if (target === undefined) continue;
      if (!target.startsWith('lib/')) problems.push(`${file}: imports ${target}; lib/ imports nothing outside itself`);
      else if (tierOf(partOf(target), rules.tiers) > tier) problems.push(`${file}: imports upwards, ${target}`);
    }
  }
  const cycle = findCycle(graph);
  if (cycle) problems.push(`${cycle[0]}: imports itself in a circle, ${cycle.join(' -> ')}`);
  for (const file of sources.filter((source) => rules.withoutAddon.includes(partOf(source)))) {
    const way = findPath(graph, file, (target) => partOf(target) === 'native');
    if (way) problems.push(`${file}: must work without the addon but reaches it, ${way.join(' -> ')}`);
  }
  return problems;
}

function checkUsers({ files, known, read, rules }) {
  const problems = [];
  for (const { folder, may } of rules.users) {
    for (const file of files.filter((name) => name.startsWith(`${folder}/`) && isScript(name))) {
      for (const specifier of importsOf(read(file)).filter((name) => name.startsWith('.'))) {
        const plain = path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier));
        const target = resolveFile(file, specifier, known) ?? plain;
        if (!target.startsWith(`${folder}/`) && !may.includes(target))
          problems.push(`${file}: imports ${target}; ${folder} sees the package only through ${may.join(' or ')}`);
      }
    }
  }
  return problems;
}

function checkAddon({ files, read, rules }) {
  const elsewhere = files.filter(
    (file) =>
      isScript(file) &&
      /^(lib|bench|examples)\//.test(file) &&
      !rules.addonFolders.some((folder) => file.startsWith(folder)),
  );
  return elsewhere
    .filter((file) => rules.addonMarks.some((mark) => mark.test(read(file))))
    .map((file) => `${file}: only lib/native may load the addon`);
}

function checkNative({ files, known, read, rules }) {
  const graph = new Map();
  for (const file of files.filter((name) => /^native\/.*\.(cc|h)$/.test(name)))
    graph.set(
      file,
      includesOf(read(file)).map((specifier) => resolveFile(file, specifier, known, ['native']) ?? specifier),
    );
  const problems = [];
  for (const { folder, only, forbidden, because } of rules.nativeRules) {
    for (const file of graph.keys()) {
      if (!file.startsWith(`${folder}/`) || (only && !only.test(file))) continue;
      const way = findPath(graph, file, (target) => forbidden.some((pattern) => pattern.test(target)));
      if (way) problems.push(`${file}: includes ${way.slice(1).join(' -> ')}; ${because}`);
    }
  }
  const cycle = findCycle(graph);
  if (cycle) problems.push(`${cycle[0]}: includes itself in a circle, ${cycle.join(' -> ')}`);
  return problems;
}

function checkBudgets({ files, read, rules }) {
  const problems = [];
  for (const file of files) {
    const budget = rules.budgets.find(({ files: pattern }) => pattern.test(file));
    if (!budget) continue;
    const exception = rules.exceptions.find((entry) => entry.file === file);
    const limit = exception?.lines ?? budget.lines;
    const lines = read(file).replace(/\n$/, '').split('\n').length;
    if (lines > limit) problems.push(`${file}: ${lines} lines, more than the ${limit} that it may have`);
  }
  for (const { file } of rules.exceptions)
    if (!files.includes(file)) problems.push(`${file}: has an exception from the size budget but does not exist`);
  return problems;
}

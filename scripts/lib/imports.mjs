import path from 'node:path';
import ts from 'typescript';

/** Specifiers of all imports of a TypeScript or JavaScript file: static, re-exports, dynamic, type-only, require(). */
export function importsOf(text) {
  return ts.preProcessFile(text, true, true).importedFiles.map((found) => found.fileName);
}

/** Specifiers of all `#include` lines outside comments. */
export function includesOf(text) {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '');
  return [...code.matchAll(/^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]/gm)].map((found) => found[1]);
}

/**
 * The file of the tree that a specifier means; undefined for packages, Node's modules and system headers.
 * @param {string} from the importing file, relative to the root, with forward slashes
 * @param {string} specifier
 * @param {Set<string>} files all files of the tree
 * @param {string[]} roots folders searched besides the importing file's own
 */
export function resolveFile(from, specifier, files, roots = []) {
  for (const folder of [path.posix.dirname(from), ...roots]) {
    const target = path.posix.normalize(path.posix.join(folder, specifier));
    if (files.has(target)) return target;
    // A compiled import of a source that is there under its own extension.
    const source = target.replace(/\.js$/, '.ts');
    if (files.has(source)) return source;
  }
  return undefined;
}

/** First circle in a graph, as the list of its members, or undefined. */
export function findCycle(graph) {
  const state = new Map();
  const trail = [];
  const visit = (node) => {
    if (state.get(node) === 'done') return undefined;
    if (state.get(node) === 'open') return [...trail.slice(trail.indexOf(node)), node];
    state.set(node, 'open');
    trail.push(node);
    for (const next of graph.get(node) ?? []) {
      const found = visit(next);
      if (found) return found;
    }
    trail.pop();
    state.set(node, 'done');
    return undefined;
  };
  for (const node of graph.keys()) {
    const found = visit(node);
    if (found) return found;
  }
  return undefined;
}

/** Shortest way from a node to one that satisfies `wanted`, or undefined. */
export function findPath(graph, start, wanted) {
  const from = new Map([[start, undefined]]);
  for (const node of from.keys()) {
    if (node !== start && wanted(node)) {
      const way = [];
      for (let at = node; at !== undefined; at = from.get(at)) way.unshift(at);
      return way;
    }
    for (const next of graph.get(node) ?? []) if (!from.has(next)) from.set(next, node);
  }
  return undefined;
}

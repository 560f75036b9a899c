/**
 * Which windows go into the next pass. A pure function of what waits, so that fairness and limits can be tested without a model.
 */

/** A request as the planner sees it: the lengths of its windows that have not run yet, in order. */
export interface WaitingRequest {
  /** Requests of different kinds cannot share a pass. */
  kind: string;
  /** Length in tokens of the i-th waiting window, undefined past the last one. */
  length(i: number): number | undefined;
  /** Tokens that earlier passes computed for it. */
  served: number;
}

/** Shorter sequences are as expensive as these many tokens: every sequence takes at least a panel of keys. */
const leastCost = 8;

export function windowCost(length: number): number {
  return Math.max(length, leastCost);
}

/**
 * How many windows of each request the next pass takes, within a budget of tokens.
 *
 * The request that got the least so far goes first and decides the kind. Then one window at a time goes to the request of that kind
 * with the least tokens in this pass: a small request finds room beside a large cohort at once, and equal ones progress alike. A
 * window larger than the budget runs alone.
 */
export function planPass(requests: readonly WaitingRequest[], budget: number): number[] {
  const taken = requests.map(() => 0);
  const first = leastServed(requests);
  if (first === undefined) return taken;
  const { kind } = requests[first]!;
  const tokens = requests.map(() => 0);
  const open = new Set(
    [...requests.keys()].filter((i) => requests[i]!.kind === kind && requests[i]!.length(0) !== undefined),
  );
  let left = budget;
  let next: number | undefined = first;
  while (next !== undefined) {
    const cost = windowCost(requests[next]!.length(taken[next]!)!);
    if (cost <= left || left === budget) {
      taken[next]!++;
      tokens[next]! += cost;
      left -= cost;
      if (requests[next]!.length(taken[next]!) === undefined) open.delete(next);
    } else {
      open.delete(next);
    }
    next = left <= 0 ? undefined : fewestTokens(open, tokens);
  }
  return taken;
}

function leastServed(requests: readonly WaitingRequest[]): number | undefined {
  let best: number | undefined;
  for (const [i, request] of requests.entries()) {
    if (request.length(0) === undefined) continue;
    if (best === undefined || request.served < requests[best]!.served) best = i;
  }
  return best;
}

function fewestTokens(open: ReadonlySet<number>, tokens: readonly number[]): number | undefined {
  let best: number | undefined;
  for (const i of open) if (best === undefined || tokens[i]! < tokens[best]!) best = i;
  return best;
}

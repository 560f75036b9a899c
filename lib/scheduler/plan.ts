/**
 * Which windows go into the next pass. A pure function of what waits, so that fairness and limits can be tested without a model.
 */

/** A request as the planner sees it: its windows that wait, in the order in which it would have them run. */
export interface WaitingRequest {
  /** Requests of different kinds cannot share a pass. */
  kind: string;
  /** Length in tokens of the i-th waiting window, undefined past the last one. */
  length(i: number): number | undefined;
  /** The first window from the i-th on that has at most so many tokens. */
  firstWithin(i: number, tokens: number): number | undefined;
  /** Passes since its first waiting window could have run. */
  waited: number;
  /** Tokens that earlier passes computed for it. */
  served: number;
}

/** Shorter sequences are as expensive as these many tokens: every sequence takes at least a panel of keys. */
const leastCost = 8;

export function windowCost(length: number): number {
  return Math.max(length, leastCost);
}

/** What a pass takes of one request. */
interface Share {
  request: number;
  /** Windows up to here were taken, or are too long for the room that is left. */
  next: number;
  tokens: number;
}

/**
 * Which windows of each request the next pass takes, by number and ascending, within a budget of tokens.
 *
 * The first window of the request that has waited longest goes first and decides the kind; of those that waited equally long, the one that
 * got the least so far. Then one window at a time goes to the request of that kind with the least tokens in this pass: a small request
 * finds room beside a large cohort at once, and equal ones progress alike. What no longer fits is passed over for the next that does. A
 * window larger than the budget runs alone.
 */
export function planPass(requests: readonly WaitingRequest[], budget: number): number[][] {
  const taken = requests.map((): number[] => []);
  const candidates = inOrder(requests);
  if (candidates.length === 0) return taken;
  let left = budget;
  const take = (share: Share, window: number): void => {
    const cost = windowCost(requests[share.request]!.length(window)!);
    taken[share.request]!.push(window);
    share.next = window + 1;
    share.tokens += cost;
    left -= cost;
  };
  const shares: Share[] = [];
  for (const request of candidates) {
    const share = { request, next: 0, tokens: 0 };
    const window = shares.length === 0 ? 0 : fitting(requests[request]!, 0, left);
    if (window === undefined) continue;
    take(share, window);
    shares.push(share);
    if (left < leastCost) return taken;
  }
  for (let share = fewestTokens(shares); share !== undefined; share = fewestTokens(shares)) {
    const window = fitting(requests[share.request]!, share.next, left);
    if (window === undefined) shares.splice(shares.indexOf(share), 1);
    else take(share, window);
  }
  return taken;
}

/** The requests that can be in the pass: those of the kind of the first, who comes first. */
function inOrder(requests: readonly WaitingRequest[]): number[] {
  const before = (a: number, b: number): number => {
    const [one, other] = [requests[a]!, requests[b]!];
    return other.waited - one.waited || one.served - other.served || a - b;
  };
  const waiting = [...requests.keys()].filter((i) => requests[i]!.length(0) !== undefined);
  if (waiting.length === 0) return [];
  const first = waiting.reduce((best, i) => (before(i, best) < 0 ? i : best));
  return waiting.filter((i) => requests[i]!.kind === requests[first]!.kind).sort(before);
}

function fitting(request: WaitingRequest, from: number, left: number): number | undefined {
  return left < leastCost ? undefined : request.firstWithin(from, left);
}

function fewestTokens(shares: readonly Share[]): Share | undefined {
  let best: Share | undefined;
  for (const share of shares) if (best === undefined || share.tokens < best.tokens) best = share;
  return best;
}

/** What a child process is told to do. */
export interface Job {
  target: string;
  seed: number;
  /** Number of the first case. */
  first: number;
  /** The number of cases; without it, until the time is over. */
  count?: number | undefined;
  milliseconds: number;
  /** The child's own folder. */
  scratch: string;
  /** Where the child writes the number of the case that it is about to try: a dead process cannot tell. */
  progress: string;
  /** Where inputs of failures go. */
  failures: string;
  /** Whether to say which cases run code that no case before them ran. */
  coverage?: boolean | undefined;
}

/** A case that reaches code which those before it do not reach. */
export interface Selected {
  case: number;
  outcome: string;
}

export interface Failure {
  case: number;
  problem: string;
  /** Folder with the inputs. */
  saved: string | null;
}

export type Message =
  | { kind: 'counts'; tried: number; outcomes: Record<string, number> }
  | { kind: 'failure'; failure: Failure }
  | { kind: 'selection'; selected: Selected[]; blocks: number };

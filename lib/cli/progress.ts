import { Presets, SingleBar } from 'cli-progress';

/** How often a line is printed where there is no terminal. */
const lineIntervalMs = 10_000;

export interface Progress {
  /** @param share from 0 to 1; null where the end is not known */
  update(share: number | null, detail: string): void;
  /** Removes what is shown. */
  stop(): void;
}

const silent: Progress = { update: () => undefined, stop: () => undefined };

/** Shows how far a command is, on standard error: a bar on a terminal, otherwise a line every ten seconds. */
export function startProgress(label: string, { quiet }: { quiet: boolean }): Progress {
  if (quiet) return silent;
  return process.stderr.isTTY ? barProgress(label) : lineProgress(label);
}

function barProgress(label: string): Progress {
  const bar = new SingleBar(
    {
      stream: process.stderr,
      format: (_options, params, payload: { share: number | null; detail: string }) => {
        const known = payload.share === null ? '' : ` ${drawBar(payload.share)} ${Math.floor(100 * payload.share)} %`;
        return `${label}${known} ${payload.detail}`;
      },
      clearOnComplete: true,
      gracefulExit: false,
      fps: 8,
    },
    Presets.shades_classic,
  );
  bar.start(1, 0, { share: null, detail: '' });
  return {
    update: (share, detail) => bar.update(share ?? 0, { share, detail }),
    stop: () => bar.stop(),
  };
}

function drawBar(share: number): string {
  const width = 20;
  const full = Math.round(share * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}

function lineProgress(label: string): Progress {
  let last = performance.now();
  return {
    update(share, detail) {
      if (performance.now() - last < lineIntervalMs) return;
      last = performance.now();
      process.stderr.write(`${label}${share === null ? '' : ` ${Math.floor(100 * share)} %`} ${detail}\n`);
    },
    stop: () => undefined,
  };
}

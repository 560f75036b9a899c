// npm run audit: known weaknesses of what users get, where the registry can be asked. One that has no such list, or is not there, is said so
// and is no failure: a hospital's mirror is often like that.
import { npm } from './lib/process.mjs';
import { main, say } from './lib/report.mjs';

const levels = ['moderate', 'high', 'critical'];

await main(async () => {
  const { output } = await npm(['audit', '--omit=dev', '--json', '--loglevel=silent']);
  const counts = vulnerabilitiesOf(output);
  if (counts === undefined) {
    say('> audit: not run, the registry here answers no audit');
    return 0;
  }
  const found = levels.filter((level) => counts[level] > 0).map((level) => `${counts[level]} ${level}`);
  say(
    `> audit: ${found.length === 0 ? 'no known weakness in what users get' : `FAILED: ${found.join(', ')}; see npm audit`}`,
  );
  return found.length === 0 ? 0 : 1;
});

/** The numbers by severity; undefined where there was no answer. */
function vulnerabilitiesOf(output) {
  try {
    return JSON.parse(output.slice(output.indexOf('{'))).metadata?.vulnerabilities;
  } catch {
    return undefined;
  }
}

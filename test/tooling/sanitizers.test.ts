// Which reports of a sanitizer inside of node count.
import { describe, expect, it } from 'vitest';
import { findingsOf } from '../../scripts/lib/sanitizers/node.mjs';

const frames = (...names: string[]): string => names.map((name, i) => `    #${i} ${name}`).join('\n');
const ours = frames('operator new (libasan.so+0x1)', 'load (clmbr.node+0x2)', 'Invoke (node+0x3)');
const theirs = frames('operator new (libasan.so+0x1)', 'v8::platform::Job() (node+0x3)');

describe('findings', () => {
  it('are all errors of memory', () => {
    const report = `==1==ERROR: AddressSanitizer: heap-use-after-free\n${theirs}\n`;
    expect(findingsOf(report)).toEqual([report]);
  });

  it('are leaks that the addon asked for', () => {
    const leaks = [`Direct leak of 8 byte(s) from:\n${theirs}`, `Indirect leak of 9 byte(s) from:\n${ours}`];
    const report = `==1==ERROR: LeakSanitizer: detected memory leaks\n\n${leaks.join('\n\n')}\n\nSUMMARY: clmbr.node\n`;
    expect(findingsOf(report)).toEqual([leaks[1]]);
  });

  it('are no leaks of what node keeps itself', () => {
    const external = frames(
      '0x1 in operator new (libasan.so)',
      '0x2 in napi_create_external (node)',
      '0x3 (clmbr.node+0x2)',
    );
    const block = `Direct leak of 40 byte(s) from:\n${external}`;
    expect(findingsOf(`LeakSanitizer: detected memory leaks\n\n${block}`)).toEqual([]);
    const inside = block.replace('#1 0x2 in napi_create_external (node)', '#1 0x2 in make (clmbr.node)');
    expect(findingsOf(`LeakSanitizer: detected memory leaks\n\n${inside}`)).toEqual([inside]);
  });

  it('are races that the addon takes part in, and whatever ends the sanitizer', () => {
    const line = '='.repeat(18);
    const race = (stack: string): string => `\nWARNING: ThreadSanitizer: data race\n${stack}\n`;
    const fatal = '\nFATAL: ThreadSanitizer: unexpected memory mapping\n';
    const report = ['', race(theirs), race(ours), fatal, '\nThreadSanitizer: reported 2 warnings\n'].join(line + '\n');
    expect(findingsOf(report).map((finding: string) => finding.trim())).toEqual([race(ours).trim(), fatal.trim()]);
  });
});

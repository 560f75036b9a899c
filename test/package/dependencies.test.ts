// What comes with an installation: nothing that was not looked at, nothing that runs while it is installed, and a bill that lists all of it.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readPin } from '../../scripts/lib/ggml-pin.mjs';
import { billOfMaterials, productionPackages } from '../../scripts/lib/sbom.mjs';

const read = (name: string) => JSON.parse(readFileSync(name, 'utf8'));
const lock = read('package-lock.json');
const manifest = read('package.json');
const allowed = read('scripts/lib/allowed-dependencies.json') as Record<string, string>;
const packages = productionPackages(lock) as {
  name: string;
  version: string;
  license: string;
  integrity: string;
  hasInstallScript: boolean;
}[];

describe('packages that come with an installation', () => {
  test('are on the list, with the licence that is there', () => {
    expect(packages.length).toBeGreaterThan(10);
    const found = packages.map(({ name, license }) => [name, license]);
    expect(found.filter(([name, license]) => allowed[name!] !== license)).toEqual([]);
    const direct = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
    expect(direct.filter((name) => !Object.hasOwn(allowed, name))).toEqual([]);
  });

  test('run nothing while they are installed, nor does this package', () => {
    expect(packages.filter(({ hasInstallScript }) => hasInstallScript)).toEqual([]);
    const scripts = Object.keys(manifest.scripts);
    expect(scripts.filter((name) => /^(pre|post)?install$|^(pre|post)?prepare$/.test(name))).toEqual([]);
  });

  test('are pinned: direct ones to a version, all of them to a digest', () => {
    const versions = Object.values({ ...manifest.dependencies, ...manifest.optionalDependencies });
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version as string))).toEqual([]);
    expect(packages.filter(({ integrity }) => !integrity.startsWith('sha512-'))).toEqual([]);
  });
});

test('the bill of materials lists all of them, ggml and this package, and is the same each time', () => {
  const make = () => billOfMaterials({ lock, manifest, ggml: readPin() });
  const bill = make();
  expect(bill).toMatchObject({
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    metadata: { component: { name: 'clmbr' } },
  });
  const names = bill.components.map(({ name }: { name: string }) => name);
  expect(names).toEqual(['ggml', 'node-addon-api', 'node-api-headers', ...packages.map(({ name }) => name)]);
  for (const { purl, licenses } of bill.components) {
    expect(purl).toMatch(/^pkg:(npm|github)\/[\w%.-]+(\/[\w.-]+)?@[\w.-]+$/);
    expect(licenses[0].license.id).toMatch(/^[\w.-]+$/);
  }
  expect(JSON.stringify(make())).toBe(JSON.stringify(bill));
});

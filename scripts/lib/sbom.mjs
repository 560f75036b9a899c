import { readFileSync, writeFileSync } from 'node:fs';
import { readPin } from './ggml-pin.mjs';
import { inRoot } from './paths.mjs';

export const sbomName = 'sbom.cdx.json';

/**
 * Packages that come with an installation of this one, out of the lock file.
 * @returns {{name: string, version: string, license: string, integrity: string, optional: boolean, hasInstallScript: boolean}[]}
 */
export function productionPackages(lock) {
  return Object.entries(lock.packages)
    .filter(([where, entry]) => where !== '' && !entry.dev && !entry.link)
    .map(([where, entry]) => ({
      name: entry.name ?? where.slice(where.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version: entry.version,
      license: entry.license ?? '',
      integrity: entry.integrity ?? '',
      optional: Boolean(entry.optional || entry.devOptional),
      hasInstallScript: Boolean(entry.hasInstallScript),
    }))
    .sort((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1));
}

const purl = (name, version) => `pkg:npm/${name.replace('@', '%40')}@${version}`;

/** `sha512-...` of npm as CycloneDX writes it. */
function hashes(integrity) {
  const [algorithm, digest] = integrity.split('-');
  if (!/^sha(256|384|512)$/.test(algorithm) || digest === undefined) return {};
  const content = Buffer.from(digest, 'base64').toString('hex');
  return { hashes: [{ alg: algorithm.toUpperCase().replace('SHA', 'SHA-'), content }] };
}

function component({ name, version, license, integrity, optional }) {
  return {
    type: 'library',
    'bom-ref': purl(name, version),
    name,
    version,
    scope: optional ? 'optional' : 'required',
    ...hashes(integrity),
    licenses: [{ license: { id: license } }],
    purl: purl(name, version),
  };
}

/**
 * The software bill of materials: CycloneDX 1.5. The same for the same lock file and pins, so it holds no time and no random number.
 * @param {{lock: object, manifest: object, ggml: {version: string}}} options
 */
export function billOfMaterials({ lock, manifest, ggml }) {
  const headers = ['node-addon-api', 'node-api-headers'].map((name) => {
    const { version, integrity = '', license } = lock.packages[`node_modules/${name}`];
    return { ...component({ name, version, license, integrity, optional: false }), scope: 'excluded' };
  });
  const compiledIn = {
    type: 'library',
    'bom-ref': `pkg:github/ggml-org/ggml@${ggml.version}`,
    name: 'ggml',
    version: ggml.version,
    scope: 'required',
    licenses: [{ license: { id: 'MIT' } }],
    purl: `pkg:github/ggml-org/ggml@${ggml.version}`,
  };
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      component: {
        type: 'library',
        'bom-ref': purl(manifest.name, manifest.version),
        name: manifest.name,
        version: manifest.version,
        licenses: [{ license: { id: manifest.license } }],
        purl: purl(manifest.name, manifest.version),
      },
    },
    components: [compiledIn, ...headers, ...productionPackages(lock).map(component)],
  };
}

/** Writes it for the checkout. */
export function writeBillOfMaterials(target = inRoot(sbomName)) {
  const read = (name) => JSON.parse(readFileSync(inRoot(name), 'utf8'));
  const bill = billOfMaterials({ lock: read('package-lock.json'), manifest: read('package.json'), ggml: readPin() });
  writeFileSync(target, `${JSON.stringify(bill, null, 2)}\n`);
}

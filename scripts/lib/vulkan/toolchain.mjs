import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inCross } from '../prebuild/zig.mjs';
import { versionOf } from '../process.mjs';
import { StepError, say, step } from '../report.mjs';
import { debianArch, triplet, unpackPackages } from './debian.mjs';

/** Compiles every shader of ggml; 2023.2 does not. */
const oldestGlslc = 2025;
/** Runs every one; 22.3 crashes. */
const oldestMesa = 25;

const inVulkan = (...parts) => inCross('vulkan', ...parts);

/** For building: glslc with all that it needs, C library included, because the one of this system may be older. */
const compileSet = {
  folder: inVulkan('compile'),
  suites: ['trixie'],
  closures: ['glslc'],
  alone: ['libvulkan-dev', 'spirv-headers'],
};

/** For running, in processes of this system: so without the C and C++ libraries, which these have already. */
const mesaSet = {
  folder: inVulkan('mesa'),
  suites: ['bookworm', 'bookworm-backports'],
  closures: ['mesa-vulkan-drivers', 'libvulkan1'],
  without: /^(libc6|libgcc-s1|libstdc\+\+6|gcc-\d+-base)$/,
};

/**
 * What CMake is told to find everything that a build with Vulkan needs.
 * @returns {Promise<Record<string, string>>}
 */
export async function vulkanSettings() {
  const own = systemGlslc();
  const headers = systemHeaders();
  const loader = systemLoader();
  if (own && headers && loader) {
    say(`> Vulkan: of this system (${own})`);
    return {};
  }
  checkPlatform();
  await step('Vulkan headers and glslc: from Debian', () => unpackPackages(compileSet));
  if (!loader) await fetchMesa();
  const root = (...parts) => path.join(compileSet.folder, ...parts);
  return {
    Vulkan_INCLUDE_DIR: root('usr', 'include'),
    Vulkan_LIBRARY: loader ?? path.join(mesaSet.folder, 'usr', 'lib', triplet, 'libvulkan.so.1'),
    Vulkan_GLSLC_EXECUTABLE: writeGlslc(root('glslc'), compileSet.folder),
    'SPIRV-Headers_DIR': root('usr', 'share', 'cmake', 'SPIRV-Headers'),
  };
}

/**
 * Environment in which Mesa's software device is the only one.
 * @returns {Promise<NodeJS.ProcessEnv>}
 */
export async function softwareDevice() {
  const system = systemMesa();
  const folders = [];
  let icd = system?.icd;
  if (system) say(`> Mesa ${system.version}: of this system`);
  else {
    checkPlatform();
    await fetchMesa();
    const libraries = path.join(mesaSet.folder, 'usr', 'lib', triplet);
    folders.push(libraries);
    icd = writeDriver(inVulkan('software.json'), path.join(libraries, 'libvulkan_lvp.so'));
  }
  const given = process.env.LD_LIBRARY_PATH;
  return {
    VK_ICD_FILENAMES: icd,
    VK_DRIVER_FILES: icd,
    LD_LIBRARY_PATH: [...folders, ...(given ? [given] : [])].join(':'),
    // ggml leaves devices out that are processors, unless they are named.
    GGML_VK_VISIBLE_DEVICES: '0',
    // Compiling ggml's shaders for a processor takes seconds to minutes each: as little code as possible, and all of it kept.
    LP_NATIVE_VECTOR_WIDTH: '128',
    GALLIVM_PERF: 'nopt',
    // With these settings, several of its threads compute wrong numbers, also where every operator is submitted alone and waited for.
    LP_NUM_THREADS: '1',
    MESA_SHADER_CACHE_DIR: inVulkan('shader-cache'),
  };
}

const fetchMesa = () => step("Mesa's software device: from Debian", () => unpackPackages(mesaSet));

function checkPlatform() {
  if (process.platform === 'linux' && debianArch) return;
  throw new StepError(
    `This ${process.platform}-${process.arch} lacks what npm run test:vulkan needs, and only for Linux on x64 and arm64 is it fetched.`,
  );
}

/** The version of a glslc on the PATH that is good enough. */
function systemGlslc() {
  const line = versionOf('glslc');
  const [, year] = /v?(20\d\d)\.\d/.exec(line ?? '') ?? [];
  return Number(year) >= oldestGlslc ? line : undefined;
}

function systemHeaders() {
  const structs = '/usr/include/vulkan/vulkan_structs.hpp';
  const spirv = ['/usr/share', '/usr/lib', `/usr/lib/${triplet}`].map((folder) => `${folder}/cmake/SPIRV-Headers`);
  return (
    existsSync(structs) && readFileSync(structs, 'utf8').includes('LayerSettingEXT') && spirv.some((f) => existsSync(f))
  );
}

function systemLoader() {
  const places = [`/usr/lib/${triplet}`, '/usr/lib64', '/usr/lib'].map((folder) => `${folder}/libvulkan.so.1`);
  return places.find((place) => existsSync(place));
}

function systemMesa() {
  const folder = '/usr/share/vulkan/icd.d';
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => /^lvp_icd.*\.json$/.test(name)) : [];
  const places = [`/usr/lib/${triplet}`, '/usr/lib64', '/usr/lib'].map((lib) => `${lib}/libvulkan_lvp.so`);
  const library = places.find((place) => existsSync(place));
  if (names.length === 0 || !library) return undefined;
  const [, version, major] = /Mesa ((\d+)\.\d+[^\s(]*)/.exec(readFileSync(library, 'latin1')) ?? [];
  return Number(major) >= oldestMesa ? { icd: path.join(folder, names[0]), version } : undefined;
}

/** A description of the driver that names the library by its whole path. */
function writeDriver(file, library) {
  const text = { file_format_version: '1.0.0', ICD: { library_path: library, api_version: '1.3.0' } };
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(text, null, 2)}\n`);
  return file;
}

/** A glslc that runs with the C library that it came with. */
function writeGlslc(file, root) {
  const libraries = path.join(root, 'usr', 'lib', triplet);
  const loader = { x64: 'ld-linux-x86-64.so.2', arm64: 'ld-linux-aarch64.so.1' }[process.arch];
  const program = path.join(root, 'usr', 'bin', 'glslc');
  const text = `#!/bin/sh\nexec "${path.join(libraries, loader)}" --library-path "${libraries}" "${program}" "$@"\n`;
  // An unchanged file keeps its time, so that nothing is compiled anew for it.
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text);
  chmodSync(file, 0o755);
  const version = versionOf(file);
  if (!version) throw new StepError(`${file} does not run: remove ${root} to fetch it again.`);
  return file;
}

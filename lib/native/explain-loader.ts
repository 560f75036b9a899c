import type { LoadFacts } from './load-facts.ts';
import { rebuild, reinstall } from './remedies.ts';

/** What the loader of the system finds. */
export type LoaderProblem =
  | 'addons-disabled'
  | 'old-glibc'
  | 'old-libstdc++'
  | 'missing-library'
  | 'missing-driver'
  | 'other-libc'
  | 'runtime'
  | 'not-executable'
  | 'blocked'
  | 'not-an-addon'
  | 'unknown';

type Answer = readonly [problem: LoaderProblem, text: string];
type Explain = (facts: LoadFacts, found: RegExpExecArray) => Answer | undefined;

/** A file in a text of the loader: whatever stands before a colon. */
const library = String.raw`([^\s:/'"]+)`;

/** Texts of the loaders of glibc, musl, macOS and Windows, and what each means. The first that fits and answers counts. */
const texts: readonly (readonly [RegExp, Explain])[] = [
  [/loading addons is disabled|ERR_DLOPEN_DISABLED/i, addonsDisabled],
  [/version [`'"]?GLIBC_([0-9.]+)[`'"]? not found/, oldGlibc],
  [/version [`'"]?((?:GLIBCXX|CXXABI)_[0-9.]+)[`'"]? not found/, oldCxx],
  [new RegExp(String.raw`(?:^|[\s/])${library}: cannot open shared object file: No such file`), missingLibrary],
  [new RegExp(String.raw`Error loading shared library (?:\S*/)?${library}: No such file`), missingLibrary],
  [/Library not loaded: (?:\S*\/)?([^\s/]+)/, missingLibrary],
  [/specified module could not be found/i, missingModule],
  [/(?:undefined symbol|symbol not found|Symbol not found)[^\n]*?_?(napi_\w+|node_api_\w+)/, missingNodeApi],
  [/_?(napi_\w+|node_api_\w+): symbol not found/, missingNodeApi],
  [/specified procedure could not be found/i, missingProcedure],
  [/(__\w+_chk|gnu_get_libc_version|__libc_single_threaded): symbol not found/, foreignLibc],
  [/built for macOS ([0-9.]+)/i, oldMacos],
  [/Library Validation|different Team IDs/i, libraryValidation],
  [/code signature|quarantine|library load disallowed|system policy|sandbox blocked/i, quarantined],
  [/group policy|application control|virus|unwanted software|Access is denied/i, blockedOnWindows],
  [/failed to map segment|executable stack|segment prot|Operation not permitted|Permission denied/i, notExecutable],
  [
    /file too short|invalid ELF header|wrong ELF class|Exec format error|not a valid Win32|mach-o|self-register/i,
    damaged,
  ],
];

/** What a text of the loader means, with what to do. */
export function explainLoader(facts: LoadFacts): Answer {
  const text = `${facts.code} ${facts.reason}`;
  for (const [pattern, explain] of texts) {
    const found = pattern.exec(text);
    const answer = found === null ? undefined : explain(facts, found);
    if (answer !== undefined) return answer;
  }
  return ['unknown', `the system says of ${facts.file}: ${words(facts)}; ${rebuild(facts)}`];
}

/** The loader's first line, without the file's name that glibc puts before it. */
function words({ reason, file }: LoadFacts): string {
  const line = reason.trim().split(/\r?\n/)[0]!;
  return (line.startsWith(`${file}: `) ? line.slice(`${file}: `.length) : line).replace(/[\s.]+$/, '');
}

function addonsDisabled(): Answer {
  const text = 'this Node was told to load no addons';
  return [
    'addons-disabled',
    `${text}; start it without --no-addons, and with --allow-addons where --permission is given`,
  ];
}

function oldGlibc(facts: LoadFacts, [, wanted]: RegExpExecArray): Answer {
  const { runtime } = facts;
  const has = runtime.glibc === null ? 'this system has an older one' : `this system has ${runtime.glibc}`;
  return ['old-glibc', `it needs glibc ${wanted} or newer and ${has}; use a newer distribution, or ${rebuild(facts)}`];
}

function oldCxx(facts: LoadFacts, [, wanted]: RegExpExecArray): Answer {
  const text = `it was built with a newer compiler than this system's libstdc++ knows (${wanted})`;
  return ['old-libstdc++', `${text}; update libstdc++6, or ${rebuild(facts)}`];
}

function foreignLibc(facts: LoadFacts): Answer | undefined {
  const { file, runtime } = facts;
  if (runtime.libc === 'glibc') return undefined;
  return [
    'other-libc',
    `${file} is for glibc and this process uses musl; install clmbr in this system, or ${rebuild(facts)}`,
  ];
}

/** Who supplies the libraries that an addon may need. */
const suppliers: readonly (readonly [RegExp, LoaderProblem, string])[] = [
  [
    /^(libcuda\.so|nvcuda\.dll)/,
    'missing-driver',
    "NVIDIA's driver supplies it, so install the driver, or in a container start it with the GPU (docker run --gpus all)",
  ],
  [
    /^(lib)?(cublas|cudart|nvrtc|nvJitLink)/,
    'missing-library',
    "NVIDIA's CUDA 13 runtime supplies it: install it from NVIDIA's packages, or the wheels nvidia-cublas and nvidia-cuda-runtime" +
      ' from PyPI with their folder in LD_LIBRARY_PATH',
  ],
  [
    /^(libvulkan\.|vulkan-1\.dll)/,
    'missing-driver',
    'the Vulkan loader supplies it: install libvulkan1 (Debian, Ubuntu), vulkan-loader (Fedora, Alpine) or the driver of the GPU',
  ],
  [
    /^(libstdc\+\+|libgcc_s)\.so/,
    'missing-library',
    'the C++ library supplies it: install libstdc++6 (Debian, Ubuntu) or libstdc++ (Fedora, Alpine)',
  ],
  [
    /^libgomp\.so/,
    'missing-library',
    'OpenMP supplies it: install libgomp1 (Debian, Ubuntu) or libgomp (Fedora, Alpine)',
  ],
];

function missingLibrary(facts: LoadFacts, [, name = '']: RegExpExecArray): Answer {
  const { runtime, file } = facts;
  const foreign = /^(libc\.musl-|ld-musl-|libc\.so$)/.test(name)
    ? 'musl'
    : /^(ld-linux|lib(c|m|dl|pthread)\.so\.\d)/.test(name)
      ? 'glibc'
      : null;
  if (foreign !== null && foreign !== runtime.libc) {
    const text = `${file} is for ${foreign} and this process uses ${runtime.libc ?? 'another C library'}`;
    return ['other-libc', `${text}; install clmbr in this system, or ${rebuild(facts)}`];
  }
  const [, problem, text] = suppliers.find(([pattern]) => pattern.test(name)) ?? [
    null,
    'missing-library' as const,
    `install the package that supplies it, or ${rebuild(facts)}`,
  ];
  return [problem, `the library ${name} is missing on this system; ${text}`];
}

/** Windows does not say which. */
function missingModule({ variant, file }: LoadFacts): Answer {
  const text = `a DLL that ${file} needs is missing`;
  return variant === 'cuda'
    ? [
        'missing-library',
        `${text}; put cudart64_13.dll and cublas64_13.dll of CUDA 13 on the PATH, and install NVIDIA's driver`,
      ]
    : [
        'missing-library',
        `${text}; install Microsoft's Visual C++ Redistributable, and look whether a virus scanner removed one`,
      ];
}

function missingNodeApi({ runtime }: LoadFacts, [, name]: RegExpExecArray): Answer {
  const text = `${runtime.name} ${runtime.version} lacks the function ${name} of Node-API`;
  return ['runtime', `${text}; use Node 20.19.0 or newer, or a newer ${runtime.name}`];
}

function missingProcedure(facts: LoadFacts): Answer {
  const { runtime } = facts;
  const text = `${runtime.name} ${runtime.version} or this Windows lacks a function that it needs`;
  return ['runtime', `${text}; update ${runtime.name} or Windows, or ${rebuild(facts)}`];
}

function oldMacos(facts: LoadFacts, [, version]: RegExpExecArray): Answer {
  return [
    'missing-library',
    `it was built for macOS ${version} and this system is older; update macOS, or ${rebuild(facts)}`,
  ];
}

function libraryValidation({ file }: LoadFacts): Answer {
  const text = `macOS lets this app load only libraries that are signed like itself, and ${file} is not`;
  return ['blocked', `${text}; sign it with the app, or give the app com.apple.security.cs.disable-library-validation`];
}

function quarantined({ file }: LoadFacts): Answer {
  const text = `macOS refuses ${file}, because it is in quarantine or its code signature does not hold`;
  return [
    'blocked',
    `${text}; run \`xattr -d com.apple.quarantine ${file}\`, or sign it with \`codesign -s - -f ${file}\``,
  ];
}

function blockedOnWindows({ file, runtime }: LoadFacts): Answer | undefined {
  if (runtime.platform !== 'win32') return undefined;
  const text = `Windows or its virus scanner blocks ${file}`;
  return [
    'blocked',
    `${text}; allow it there, and run \`Unblock-File\` on it in PowerShell where it came from the internet`,
  ];
}

function notExecutable({ file }: LoadFacts): Answer {
  const text = `the system does not let code in ${file} run, because it is on a file system that is mounted with noexec, or by a policy`;
  return [
    'not-executable',
    `${text} (SELinux, AppArmor); install clmbr on another file system, or mount that one with exec`,
  ];
}

function damaged(facts: LoadFacts): Answer {
  return ['not-an-addon', `${facts.file} is damaged (${words(facts)}); ${reinstall(facts)}`];
}

import type { RopeSettings } from '../../lib/architecture/rope.ts';

/**
 * Inverse frequencies as transformers 4.48.2 (`modeling_rope_utils.ROPE_INIT_FUNCTIONS`) with PyTorch 2.8 on a CPU computes
 * them: the bits of each F32 number in hexadecimal.
 */
export const ropeTable: { headSize: number; rope: RopeSettings; bits: string }[] = [
  {
    headSize: 8,
    rope: { theta: 500_000, scaling: { type: 'default' } },
    bits: '3f800000 3d1a08c8 3ab95d21 385f10c4',
  },
  {
    headSize: 8,
    rope: { theta: 500_000, scaling: { type: 'linear', factor: 2.5 } },
    bits: '3ecccccd 3c767473 3a144a81 37b273d0',
  },
  {
    headSize: 8,
    rope: {
      theta: 500_000,
      scaling: { type: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalContextLength: 4096 },
    },
    bits: '3f800000 3d1a08c8 39395d21 36df10c4',
  },
  {
    headSize: 8,
    rope: {
      theta: 500_000,
      scaling: { type: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalContextLength: 8192 },
    },
    bits: '3f800000 3d1a08c8 3a0995d2 36df10c4',
  },
  {
    headSize: 8,
    rope: {
      theta: 500_000,
      scaling: { type: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalContextLength: 128 },
    },
    bits: '3f800000 3b9a08c8 39395d21 36df10c4',
  },
  {
    headSize: 8,
    rope: {
      theta: 500_000,
      scaling: { type: 'llama3', factor: 3.3, lowFreqFactor: 0.9, highFreqFactor: 3.7, originalContextLength: 1000 },
    },
    bits: '3f800000 3d1a08c8 39e0aef2 378730f3',
  },
  {
    headSize: 16,
    rope: { theta: 10_000, scaling: { type: 'default' } },
    bits: '3f800000 3ea1e89b 3dcccccd 3d0186e3 3c23d70a 3b4f3e38 3a83126f 39a5cb60',
  },
  {
    headSize: 16,
    rope: { theta: 500_000, scaling: { type: 'default' } },
    bits: '3f800000 3e4693b0 3d1a08c8 3beef74f 3ab95d21 398fc8f8 385f10c4 372d07a7',
  },
  {
    headSize: 16,
    rope: { theta: 500_000, scaling: { type: 'linear', factor: 2.5 } },
    bits: '3ecccccd 3d9edc8d 3c767473 3b3f2c3f 3a144a81 38e60e5a 37b273d0 368a6c86',
  },
  {
    headSize: 16,
    rope: {
      theta: 500_000,
      scaling: { type: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalContextLength: 4096 },
    },
    bits: '3f800000 3e4693b0 3d1a08c8 3beef74f 39395d21 380fc8f8 36df10c4 35ad07a7',
  },
  {
    headSize: 16,
    rope: {
      theta: 500_000,
      scaling: { type: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalContextLength: 8192 },
    },
    bits: '3f800000 3e4693b0 3d1a08c8 3beef74f 3a0995d2 380fc8f8 36df10c4 35ad07a7',
  },
  {
    headSize: 16,
    rope: {
      theta: 500_000,
      scaling: { type: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalContextLength: 128 },
    },
    bits: '3f800000 3e43b6aa 3b9a08c8 3a6ef74f 39395d21 380fc8f8 36df10c4 35ad07a7',
  },
  {
    headSize: 16,
    rope: {
      theta: 500_000,
      scaling: { type: 'llama3', factor: 3.3, lowFreqFactor: 0.9, highFreqFactor: 3.7, originalContextLength: 1000 },
    },
    bits: '3f800000 3e4693b0 3d1a08c8 3b2fd686 39e0aef2 38ae48ef 378730f3 3651bbb3',
  },
  {
    headSize: 32,
    rope: { theta: 500_000, scaling: { type: 'default' } },
    bits: [
      '3f800000 3ee177bc 3e4693b0 3daee4ad 3d1a08c8 3c87a9c3 3beef74f 3b527720 3ab95d21 3a23418d 398fc8f8 38fd45c3',
      '385f10c4 37c47610 372d07a7 369864a7',
    ].join(' '),
  },
  {
    headSize: 32,
    rope: { theta: 500_000, scaling: { type: 'linear', factor: 2.5 } },
    bits: [
      '3ecccccd 3e345fca 3d9edc8d 3d0bea24 3c767473 3bd90f9e 3b3f2c3f 3aa85f4d 3a144a81 39829ad7 38e60e5a 384a9e36',
      '37b273d0 371d2b40 368a6c86 35f3d43e',
    ].join(' '),
  },
  {
    headSize: 32,
    rope: {
      theta: 500_000,
      scaling: { type: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalContextLength: 4096 },
    },
    bits: [
      '3f800000 3ee177bc 3e4693b0 3daee4ad 3d1a08c8 3c87a9c3 3beef74f 3abadf1a 39395d21 38a3418d 380fc8f8 377d45c3',
      '36df10c4 36447610 35ad07a7 351864a7',
    ].join(' '),
  },
  {
    headSize: 32,
    rope: {
      theta: 500_000,
      scaling: { type: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalContextLength: 8192 },
    },
    bits: [
      '3f800000 3ee177bc 3e4693b0 3daee4ad 3d1a08c8 3c87a9c3 3beef74f 3b527720 3a0995d2 38a3418d 380fc8f8 377d45c3',
      '36df10c4 36447610 35ad07a7 351864a7',
    ].join(' '),
  },
  {
    headSize: 32,
    rope: {
      theta: 500_000,
      scaling: { type: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalContextLength: 128 },
    },
    bits: [
      '3f800000 3ee177bc 3e43b6aa 3cee602c 3b9a08c8 3b07a9c3 3a6ef74f 39d27720 39395d21 38a3418d 380fc8f8 377d45c3',
      '36df10c4 36447610 35ad07a7 351864a7',
    ].join(' '),
  },
  {
    headSize: 32,
    rope: {
      theta: 500_000,
      scaling: { type: 'llama3', factor: 3.3, lowFreqFactor: 0.9, highFreqFactor: 3.7, originalContextLength: 1000 },
    },
    bits: [
      '3f800000 3ee177bc 3e4693b0 3daee4ad 3d1a08c8 3c4771ab 3b2fd686 3a7f1c08 39e0aef2 3945e2da 38ae48ef 38197f9d',
      '378730f3 36ee2280 3651bbb3 35b8b810',
    ].join(' '),
  },
  {
    headSize: 64,
    rope: { theta: 10_000, scaling: { type: 'default' } },
    bits: [
      '3f800000 3f3ff911 3f0ff59a 3ed7e89b 3ea1e89b 3e72d423 3e361887 3e088d77 3dcccccd 3d99940d 3d6655c2 3d2cba15',
      '3d0186e3 3cc2434f 3c91ad39 3c5a7bf2 3c23d70a 3bf5b9b0 3bb8449c 3b8a2e77 3b4f3e38 3b1b690d 3ae91528 3aaec98e',
      '3a83126f 3a44948c 3a136a16 39dd1725 39a5cb60 3978a815 393a7753 390bd472',
    ].join(' '),
  },
  {
    headSize: 64,
    rope: { theta: 10_000, scaling: { type: 'linear', factor: 2.5 } },
    bits: [
      '3ecccccd 3e99940e 3e6655c3 3e2cba16 3e0186e2 3dc2434f 3d91ad39 3d5a7bf2 3d23d70a 3cf5b9ae 3cb8449b 3c8a2e77',
      '3c4f3e38 3c1b690c 3be91528 3baec98e 3b83126e 3b44948d 3b136a16 3add1725 3aa5cb60 3a78a815 3a3a7753 3a0bd472',
      '39d1b718 399d43a3 396bdcf0 3930df51 3904a2b3 38c6ecde 38952c42 385fba50',
    ].join(' '),
  },
  {
    headSize: 64,
    rope: { theta: 500_000, scaling: { type: 'default' } },
    bits: [
      '3f800000 3f29e1c6 3ee177bc 3e959ee3 3e4693b0 3e03c6a0 3daee4ad 3d681e67 3d1a08c8 3ccc6f49 3c87a9c3 3c340d6d',
      '3beef74f 3b9e9402 3b527720 3b0baa41 3ab95d21 3a7603ea 3a23418d 39d8ac81 398fc8f8 393ed4f4 38fd45c3 38a8126b',
      '385f10c4 381406cb 37c47610 37825f34 372d07a7 36e5a54d 369864a7 364a41b0',
    ].join(' '),
  },
  {
    headSize: 64,
    rope: { theta: 500_000, scaling: { type: 'linear', factor: 2.5 } },
    bits: [
      '3ecccccd 3e87e7d2 3e345fca 3def649e 3d9edc8d 3d52d766 3d0bea24 3cb9b1ec 3c767473 3c238c3a 3bd90f9e 3b900abe',
      '3b3f2c3f 3afdb99d 3aa85f4d 3a5f76ce 3a144a81 39c4cfee 39829ad7 392d56ce 38e60e5a 3898aa5d 384a9e36 38067522',
      '37b273d0 376cd7ab 371d2b40 36d09853 368a6c86 3637b771 35f3d43e 35a1ce26',
    ].join(' '),
  },
  {
    headSize: 64,
    rope: {
      theta: 500_000,
      scaling: { type: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalContextLength: 4096 },
    },
    bits: [
      '3f800000 3f29e1c6 3ee177bc 3e959ee3 3e4693b0 3e03c6a0 3daee4ad 3d681e67 3d1a08c8 3ccc6f49 3c87a9c3 3c340d6d',
      '3beef74f 3b6ef91e 3abadf1a 3a054307 39395d21 38f603ea 38a3418d 3858ac81 380fc8f8 37bed4f4 377d45c3 3728126b',
      '36df10c4 369406cb 36447610 36025f34 35ad07a7 3565a54d 351864a7 34ca41b0',
    ].join(' '),
  },
  {
    headSize: 64,
    rope: {
      theta: 500_000,
      scaling: { type: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalContextLength: 8192 },
    },
    bits: [
      '3f800000 3f29e1c6 3ee177bc 3e959ee3 3e4693b0 3e03c6a0 3daee4ad 3d681e67 3d1a08c8 3ccc6f49 3c87a9c3 3c340d6d',
      '3beef74f 3b9e9402 3b527720 3ab3d11d 3a0995d2 393b2dd2 38a3418d 3858ac81 380fc8f8 37bed4f4 377d45c3 3728126b',
      '36df10c4 369406cb 36447610 36025f34 35ad07a7 3565a54d 351864a7 34ca41b0',
    ].join(' '),
  },
  {
    headSize: 64,
    rope: {
      theta: 500_000,
      scaling: { type: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalContextLength: 128 },
    },
    bits: [
      '3f800000 3f29e1c6 3ee177bc 3e959ee3 3e43b6aa 3d9d9852 3cee602c 3c1de398 3b9a08c8 3b4c6f49 3b07a9c3 3ab40d6d',
      '3a6ef74f 3a1e9402 39d27720 398baa41 39395d21 38f603ea 38a3418d 3858ac81 380fc8f8 37bed4f4 377d45c3 3728126b',
      '36df10c4 369406cb 36447610 36025f34 35ad07a7 3565a54d 351864a7 34ca41b0',
    ].join(' '),
  },
  {
    headSize: 64,
    rope: {
      theta: 500_000,
      scaling: { type: 'llama3', factor: 3.3, lowFreqFactor: 0.9, highFreqFactor: 3.7, originalContextLength: 1000 },
    },
    bits: [
      '3f800000 3f29e1c6 3ee177bc 3e959ee3 3e4693b0 3e03c6a0 3daee4ad 3d681e67 3d1a08c8 3ccc6f49 3c4771ab 3bb93a3c',
      '3b2fd686 3ac03748 3a7f1c08 3a294a7d 39e0aef2 399519a5 3945e2da 39035147 38ae48ef 38674fb4 38197f9d 37cbb93c',
      '378730f3 37336d15 36ee2280 369e06cb 3651bbb3 360b2de1 35b8b810 357528d6',
    ].join(' '),
  },
  {
    headSize: 64,
    rope: { theta: 123_456.7, scaling: { type: 'default' } },
    bits: [
      '3f800000 3f3178dd 3ef610b5 3eaa95b9 3e6c841c 3e23f701 3de35661 3d9d9a0f 3d5a83d8 3d177c52 3cd208f4 3c919b5a',
      '3c49e24f 3c0bf4c9 3bc20ca5 3b86865b 3b3a84cf 3b014de3 3ab347cc 3a78928f 3a2c52b0 39eeed0f 39a5a2b4 3965a764',
      '391f3528 38dcbdd6 38990778 38542cd2 3813172a 37cbf0eb 378d61db 374406d1',
    ].join(' '),
  },
  {
    headSize: 64,
    rope: {
      theta: 123_456.7,
      scaling: { type: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalContextLength: 4096 },
    },
    bits: [
      '3f800000 3f3178dd 3ef610b5 3eaa95b9 3e6c841c 3e23f701 3de35661 3d9d9a0f 3d5a83d8 3d177c52 3cd208f4 3c919b5a',
      '3c49e24f 3c0bf4c9 3bba2747 3b252c93 3a8bb14c 39d7a858 393347cc 38f8928f 38ac52b0 386eed0f 3825a2b4 37e5a764',
      '379f3528 375cbdd6 37190778 36d42cd2 3693172a 364bf0eb 360d61db 35c406d1',
    ].join(' '),
  },
  {
    headSize: 64,
    rope: {
      theta: 123_456.7,
      scaling: { type: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalContextLength: 8192 },
    },
    bits: [
      '3f800000 3f3178dd 3ef610b5 3eaa95b9 3e6c841c 3e23f701 3de35661 3d9d9a0f 3d5a83d8 3d177c52 3cd208f4 3c919b5a',
      '3c49e24f 3c0bf4c9 3bc20ca5 3b86865b 3b2ac76f 3a96ee22 39fd7bad 3940d020 38ac52b0 386eed0f 3825a2b4 37e5a764',
      '379f3528 375cbdd6 37190778 36d42cd2 3693172a 364bf0eb 360d61db 35c406d1',
    ].join(' '),
  },
  {
    headSize: 64,
    rope: {
      theta: 123_456.7,
      scaling: { type: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalContextLength: 128 },
    },
    bits: [
      '3f800000 3f3178dd 3ef610b5 3eaa95b9 3e6c841c 3e00ab9b 3d601bd0 3cb72e9c 3c03630f 3b977c52 3b5208f4 3b119b5a',
      '3ac9e24f 3a8bf4c9 3a420ca5 3a06865b 39ba84cf 39814de3 393347cc 38f8928f 38ac52b0 386eed0f 3825a2b4 37e5a764',
      '379f3528 375cbdd6 37190778 36d42cd2 3693172a 364bf0eb 360d61db 35c406d1',
    ].join(' '),
  },
  {
    headSize: 64,
    rope: {
      theta: 123_456.7,
      scaling: { type: 'llama3', factor: 3.3, lowFreqFactor: 0.9, highFreqFactor: 3.7, originalContextLength: 1000 },
    },
    bits: [
      '3f800000 3f3178dd 3ef610b5 3eaa95b9 3e6c841c 3e23f701 3de35661 3d9d9a0f 3d5a83d8 3d177c52 3cd208f4 3c641107',
      '3be5003b 3b69ae5a 3af36c5b 3aa30f76 3a621558 3a1cbb80 39d94f45 3996a666 3950e059 3910cdbc 38c8c537 388b2f25',
      '3840fa9d 3805c863 37b97d6b 37809749 37324aa0 36f7338a 36ab5f57 366d9ba8',
    ].join(' '),
  },
];
